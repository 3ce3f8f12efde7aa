/**
 * The face engine that runs inside the Lambda: face-api, whose three networks are in its package, on TensorFlow.js'
 * WebAssembly back end. One network finds faces, one finds their 68 landmarks, by which they are turned upright, and
 * one makes a descriptor of each face: 128 numbers, such that descriptors of one person are near each other (Euclidean
 * distance).
 *
 * The distances were measured on photographs and television stills: the median for one person is .43, the smallest
 * distance of two people .58 (.47 within one photograph). Under .45 no two people were taken for one.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tensor3d } from '@tensorflow/tfjs-core';
import { detectAllFaces, nets, SsdMobilenetv1Options } from '@vladmandic/face-api/dist/face-api.node-wasm.js';
import sharp from 'sharp';
import type { Upright } from '../media/image';
import { startWasm } from '../tensorflow';
import { type Box, type Face, type FaceEngine, type KnownFace, type Match, MOST_FACES, SMALLEST_FACE } from './engine';

/** Lowest score of a face: at 0.5, misses and false alarms were in balance. */
const LOWEST_SCORE = 0.5;

/**
 * Larger pictures are scaled down to this side for the search, in pixels: the first network sees 512 pixels at most
 * anyway.
 */
const LONGEST_SIDE = 1280;

/** Loads the networks and runs them once, so that the first picture takes no longer than the others. */
export async function embeddedEngine(): Promise<FaceEngine> {
  const models = modelDirectory();
  await startWasm();
  await Promise.all(
    [nets.ssdMobilenetv1, nets.faceLandmark68Net, nets.faceRecognitionNet].map((net) => net.loadFromDisk(models)),
  );
  await detect({ data: Buffer.alloc(64 * 64 * 3), width: 64, height: 64 });
  return { name: 'face-api-ssd-1.7.15', sure: 0.45, possible: 0.55, detect, between: distance, match, enrol, discard };
}

async function detect(picture: Upright): Promise<Face[]> {
  const { data, width, height } = await scaled(picture);
  const tensor = tensor3d(Int32Array.from(data), [height, width, 3], 'int32');
  try {
    const options = new SsdMobilenetv1Options({ minConfidence: LOWEST_SCORE, maxResults: MOST_FACES });
    const found = await detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
    return found
      .map(({ detection, descriptor }) => ({
        box: boxOf(detection.box, picture, picture.width / width),
        score: detection.score,
        print: new Uint8Array(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength),
      }))
      .filter(({ box: [x1, y1, x2, y2] }) => Math.min(x2 - x1, y2 - y1) >= SMALLEST_FACE);
  } finally {
    tensor.dispose();
  }
}

/** The box in pixels of the whole picture, cut to the picture. */
function boxOf(
  found: { left: number; top: number; right: number; bottom: number },
  within: Upright,
  scale: number,
): Box {
  const inside = (value: number, most: number) => Math.min(Math.max(0, Math.round(value * scale)), most);
  return [
    inside(found.left, within.width),
    inside(found.top, within.height),
    inside(found.right, within.width),
    inside(found.bottom, within.height),
  ];
}

async function scaled({ data, width, height }: Upright): Promise<Upright> {
  if (Math.max(width, height) <= LONGEST_SIDE) return { data, width, height };
  const small = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: small.data, width: small.info.width, height: small.info.height };
}

function distance(one: Face, other: Face): number {
  return between(descriptorOf(one.print), descriptorOf(other.print));
}

async function match(_account: string, face: Face, known: readonly KnownFace[]): Promise<Match[]> {
  const nearest = new Map<string, number>();
  const descriptor = descriptorOf(face.print);
  for (const { person, print } of known) {
    const distance = between(descriptor, descriptorOf(print));
    if (distance < (nearest.get(person) ?? Number.POSITIVE_INFINITY)) nearest.set(person, distance);
  }
  return [...nearest].map(([person, distance]) => ({ person, distance }));
}

async function enrol(_account: string, face: Face): Promise<Uint8Array> {
  return face.print;
}

/** The descriptors are in the table only. */
async function discard(): Promise<void> {}

/** Copies the bytes, which may be at any offset of a buffer, as DynamoDB returns them. */
function descriptorOf(print: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(print).buffer);
}

function between(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`Descriptors of ${a.length} and ${b.length} numbers were compared.`);
  let sum = 0;
  for (const [i, value] of a.entries()) sum += (value - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

/** The directory of the networks: beside the bundle after `npm run build`, otherwise in their package. */
function modelDirectory(): string {
  const beside = join(__dirname, 'face-api');
  if (existsSync(beside)) return beside;
  return join(dirname(createRequire(__filename).resolve('@vladmandic/face-api/package.json')), 'model');
}
