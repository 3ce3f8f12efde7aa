import type { Upright } from '../media/image';

/** `[x1, y1, x2, y2]` in whole pixels of the upright picture; x2 and y2 are just outside. */
export type Box = readonly [number, number, number, number];

/** A face in a picture, as an engine found it. */
export interface Face {
  box: Box;
  /** How sure the engine is that this is a face, 0 to 1. */
  score: number;
  /** The face's descriptor, or what stands for it. Only the engine that made it can read it. */
  print: Uint8Array;
}

/** A stored face of a known person. */
export interface KnownFace {
  person: string;
  /** As `enrol` returned it. */
  print: Uint8Array;
}

/** The distance of a face to a known person. */
export interface Match {
  person: string;
  /** 0 is the same picture; `sure` and `possible` of the engine are its thresholds. */
  distance: number;
}

/**
 * Finds and compares faces. There are two engines: embedded (embedded.ts) and Amazon's (rekognition.ts). An operator
 * with a better model can add another.
 */
export interface FaceEngine {
  /** Engine and model. Descriptors of engines with different names are never compared. */
  readonly name: string;
  /** Under this distance it is the same person. */
  readonly sure: number;
  /** Under this distance it may be the same person. */
  readonly possible: number;
  /** Finds the faces in a picture, at most `MOST_FACES`: those that it is surest of. */
  detect(picture: Upright): Promise<Face[]>;
  /** The distance of two faces of one picture; undefined for an engine that compares stored faces only. */
  readonly between?: ((one: Face, other: Face) => number) | undefined;
  /** The known persons that a face may be, each once, with the smallest distance to one of the person's descriptors. */
  match(account: string, face: Face, known: readonly KnownFace[]): Promise<Match[]>;
  /**
   * Stores a face for later matches. `id` identifies the face.
   *
   * @returns the `print` of its `KnownFace`.
   */
  enrol(account: string, face: Face, id: string): Promise<Uint8Array>;
  /**
   * Deletes the faces that the engine stores itself, by the `print` that `enrol` returned. Unknown faces are ignored.
   */
  discard(account: string, prints: readonly Uint8Array[]): Promise<void>;
}

/** Shorter side of the smallest face, in pixels: smaller faces are noise to every engine that was tried. */
export const SMALLEST_FACE = 32;

/** Most faces of one picture that are described: each takes 60 ms of a processor. */
export const MOST_FACES = 20;

/** Name of Amazon's engine, which stores descriptors at Amazon. */
export const REKOGNITION = 'rekognition';
