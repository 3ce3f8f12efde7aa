import type { Upright } from '../media/image';

/** `[x1, y1, x2, y2]` in whole pixels of the upright picture; x2 and y2 lie just outside. */
export type Box = readonly [number, number, number, number];

/** A face in a picture, as an engine found it. */
export interface Face {
  box: Box;
  /** How sure the engine is that this is a face, 0 to 1. */
  score: number;
  /** What the engine compares faces by. Only the engine that made it can read it. */
  print: Uint8Array;
}

/** A face that was kept, of a known person. */
export interface KnownFace {
  person: string;
  /** As `enrol` returned it. */
  print: Uint8Array;
}

/** How far a face is from a known person. */
export interface Match {
  person: string;
  /** 0 is the same picture; `sure` and `possible` of the engine say what the rest means. */
  distance: number;
}

/**
 * What finds and compares faces. Three engines exist: embedded (embedded.ts), Amazon's (rekognition.ts), and none. An
 * operator with a better model adds a fourth.
 */
export interface FaceEngine {
  /** Engine and model. Prints of engines with different names are never compared. */
  readonly name: string;
  /** Under this distance it is the same person. */
  readonly sure: number;
  /** Under this distance it may be the same person. */
  readonly possible: number;
  /** Finds the faces in a picture and describes each, MOST_FACES at most: those that it is surest of. */
  detect(picture: Upright): Promise<Face[]>;
  /** How far two faces of one picture are from each other; undefined where only enrolled faces can be compared. */
  readonly between?: ((one: Face, other: Face) => number) | undefined;
  /** The known persons that a face may be, each once, with the smallest distance to any of that person's prints. */
  match(account: string, face: Face, known: readonly KnownFace[]): Promise<Match[]>;
  /** Keeps a face for later matches; the result is what KnownFace carries as `print`. `id` is unique for the face. */
  enrol(account: string, face: Face, id: string): Promise<Uint8Array>;
  /** Forgets faces that it keeps itself, by their prints as `enrol` returned them. Those it does not know are forgotten. */
  discard(account: string, prints: readonly Uint8Array[]): Promise<void>;
}

/** Faces smaller than this are noise to every engine that was tried (in pixels, of the shorter side). */
export const SMALLEST_FACE = 32;

/** Faces of one picture that are described: each takes 60 ms of a processor, and a picture of a hundred must not take six seconds. */
export const MOST_FACES = 20;

/** The name of Amazon's engine, whose prints lie at Amazon. */
export const REKOGNITION = 'rekognition';
