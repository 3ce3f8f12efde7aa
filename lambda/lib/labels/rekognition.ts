/**
 * Amazon's label engine. It has many labels, which have parents: "Animal" is a parent of "Dog".
 * docs.aws.amazon.com/rekognition/latest/dg/labels-detect-labels-image.html
 */
import { DetectLabelsCommand, type RekognitionClient } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import type { Upright } from '../media/image';
import { distinctLabels, type Label, type LabelEngine } from './engine';

/** Longest side of a picture that is sent, in pixels. */
const LONGEST_SIDE = 1280;

/** Lowest confidence of a label, in percent; Amazon's own default is 55. */
const LOWEST_CONFIDENCE = 70;

const LABEL_OF: ReadonlyMap<string, Label> = new Map([
  ['Person', 'person'],
  ['Vehicle', 'vehicle'],
  ['Bicycle', 'vehicle'],
  ['Animal', 'animal'],
]);

/** The engine, with a client of Rekognition. */
export function rekognitionLabels(client: RekognitionClient): LabelEngine {
  return { name: 'rekognition', detect: (picture) => detect(client, picture) };
}

async function detect(client: RekognitionClient, { data, width, height }: Upright): Promise<Label[]> {
  const Bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 85 })
    .toBuffer();
  const { Labels = [] } = await client.send(
    new DetectLabelsCommand({ Image: { Bytes }, MinConfidence: LOWEST_CONFIDENCE, MaxLabels: 100 }),
  );
  const names = Labels.flatMap(({ Name, Parents = [] }) => [Name, ...Parents.map((parent) => parent.Name)]);
  return distinctLabels(names.flatMap((name) => LABEL_OF.get(name ?? '') ?? []));
}
