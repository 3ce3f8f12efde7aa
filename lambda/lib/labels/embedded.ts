/**
 * The label engine that runs inside the Lambda: CenterNet on MobileNetV3, trained on COCO, from the package of
 *
 * @vladmandic/human, on the TensorFlow.js WebAssembly back end that the embedded face engine uses, too. Of COCO's 80
 *   classes only persons, vehicles and animals are used: the network takes a cat for a dog, but both are animals.
 *
 * Measured on photographs: persons score 0.54 to 0.74, and nothing of the three classes scores above 0.25 where there
 * is none. A picture takes 0.2 s of a processor.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { type Tensor, tensor4d, tidy } from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import type { Upright } from '../media/image';
import { startWasm } from '../tensorflow';
import { distinctLabels, type Label, type LabelEngine } from './engine';

/** Pictures are scaled to this width and height in pixels, the only size that the network accepts. */
const SIDE = 512;

/** Lowest score of a detection. */
const LOWEST_SCORE = 0.4;

/** Numbers of one detection: x1, y1, x2, y2 (of SIDE), score, class. */
const NUMBERS = 6;

/** The names of the network's input and output. */
const INPUT = 'tower_0/images';
const OUTPUT = 'tower_0/detections';

/** Numbers of COCO's classes, from 0: bicycle, car, motorcycle, bus, train, truck and boat; bird to giraffe. */
const LABEL_OF: ReadonlyMap<number, Label> = new Map([
  [0, 'person'],
  ...[1, 2, 3, 5, 6, 7, 8].map((number): [number, Label] => [number, 'vehicle']),
  ...[14, 15, 16, 17, 18, 19, 20, 21, 22, 23].map((number): [number, Label] => [number, 'animal']),
]);

/** Loads the network and runs it once, so that the first picture takes no longer than the others. */
export async function embeddedLabels(): Promise<LabelEngine> {
  await startWasm();
  const model = await loadGraphModel({ load: async () => artifacts() });
  const detect = (picture: Upright) => detectLabels(model, picture);
  await detect({ data: Buffer.alloc(64 * 64 * 3), width: 64, height: 64 });
  return { name: 'centernet-human-3.3.6', detect };
}

async function detectLabels(model: GraphModel, { data, width, height }: Upright): Promise<Label[]> {
  const square = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: SIDE, height: SIDE, fit: 'fill' })
    .raw()
    .toBuffer();
  const output = tidy(() => {
    const input = tensor4d(Float32Array.from(square), [1, SIDE, SIDE, 3]);
    return firstOf(model.execute({ [INPUT]: input }, [OUTPUT]));
  });
  try {
    return labelsOf(await output.data());
  } finally {
    output.dispose();
  }
}

function firstOf(output: Tensor | Tensor[]): Tensor {
  const [first] = Array.isArray(output) ? output : [output];
  if (!first) throw new Error(`The network has no output "${OUTPUT}".`);
  return first;
}

function labelsOf(numbers: ArrayLike<number>): Label[] {
  const found: Label[] = [];
  for (let i = 0; i + NUMBERS <= numbers.length; i += NUMBERS) {
    const label = LABEL_OF.get(numbers[i + 5] ?? -1);
    if (label && (numbers[i + 4] ?? 0) >= LOWEST_SCORE) found.push(label);
  }
  return distinctLabels(found);
}

/** The network's description and weights, in the converter's format. */
function artifacts() {
  const directory = modelDirectory();
  const { modelTopology, weightsManifest, format, signature } = JSON.parse(
    readFileSync(join(directory, 'centernet.json'), 'utf8'),
  );
  const weightSpecs = weightsManifest.flatMap(({ weights }: { weights: object[] }) => weights);
  const weightData = Uint8Array.from(readFileSync(join(directory, 'centernet.bin'))).buffer;
  return { modelTopology, weightSpecs, weightData, format, signature };
}

/** The directory of the network: beside the bundle after `npm run build`, otherwise in its package. */
function modelDirectory(): string {
  const beside = join(__dirname, 'labels');
  if (existsSync(join(beside, 'centernet.json'))) return beside;
  return join(dirname(createRequire(__filename).resolve('@vladmandic/human')), '..', 'models');
}
