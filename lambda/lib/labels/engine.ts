import type { Upright } from '../media/image';

/** What is recognised on a picture beside faces: a burglar may show none. */
export const LABELS = ['person', 'vehicle', 'animal'] as const;

/** One of `LABELS`. */
export type Label = (typeof LABELS)[number];

/** Whether a value is one of `LABELS`. */
export function isLabel(text: unknown): text is Label {
  return LABELS.some((label) => label === text);
}

/** Finds labels. There are two engines: embedded (embedded.ts) and Amazon's (rekognition.ts). */
export interface LabelEngine {
  /** Engine and model. */
  readonly name: string;
  /** The labels of a picture, each once, in the order of `LABELS`. */
  detect(picture: Upright): Promise<Label[]>;
}

/** The labels without repetitions, in the order of `LABELS`. */
export function distinctLabels(found: Iterable<Label>): Label[] {
  const all = new Set(found);
  return LABELS.filter((label) => all.has(label));
}
