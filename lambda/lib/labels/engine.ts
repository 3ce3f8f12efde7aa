import type { Upright } from '../media/image';

/** What is told apart on a picture beside faces: a burglar shows none. */
export const LABELS = ['person', 'vehicle', 'animal'] as const;

/** One of LABELS. */
export type Label = (typeof LABELS)[number];

/** Whether a text is one of LABELS. */
export function isLabel(text: unknown): text is Label {
  return LABELS.some((label) => label === text);
}

/** What finds labels. Two engines exist: embedded (embedded.ts) and Amazon's (rekognition.ts). */
export interface LabelEngine {
  /** Engine and model. */
  readonly name: string;
  /** What is on a picture, each label once, in the order of LABELS. */
  detect(picture: Upright): Promise<Label[]>;
}

/** Each of the labels once, in the order of LABELS. */
export function distinctLabels(found: Iterable<Label>): Label[] {
  const all = new Set(found);
  return LABELS.filter((label) => all.has(label));
}
