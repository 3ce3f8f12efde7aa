/**
 * Why a file was not uploaded, in words for the owner of the camera.
 *
 * S3, the network, TLS and the disk report failures in some fifty ways; `code` keeps the original word. A caller needs
 * three things: where the failure lies (`whose`), whether it affects every file (`scope`), and what to do about it
 * (`remedy`). `problemOf` (problem-of.ts) makes a `Problem` of anything thrown.
 */

/** Every kind of problem, and where it lies. */
const OWNERS = {
  /** This machine cannot reach the server. */
  offline: 'line',
  'name-not-found': 'line',
  timeout: 'line',
  tls: 'line',
  /** Something answers in the store's place: a proxy, a hotspot's login page, a wrong endpoint. */
  'not-s3': 'line',
  denied: 'bucket',
  credentials: 'bucket',
  'no-such-bucket': 'bucket',
  'wrong-region': 'bucket',
  clock: 'bucket',
  'slow-down': 'bucket',
  server: 'bucket',
  /** The bytes that arrived are not the bytes that were sent. */
  checksum: 'bucket',
  /** The store refuses this request. Other requests may succeed. */
  refused: 'bucket',
  /** The file cannot be read from the disk. */
  file: 'file',
  /** A fault in our own code. */
  fault: 'program',
} as const satisfies Record<string, Owner>;

/**
 * Where a failure lies. `file`: the disk, or the rights on it. `line`: the network between here and the store.
 * `bucket`: the store, its account or its keys. `program`: a fault of ours, which another attempt cannot mend.
 */
export type Owner = 'file' | 'line' | 'bucket' | 'program';

/** What went wrong (`OWNERS` has them all). */
export type ProblemKind = keyof typeof OWNERS;

/** These kinds may concern one file only; all others affect every file. */
const OF_ONE_FILE: ReadonlySet<ProblemKind> = new Set(['checksum', 'refused', 'file', 'fault']);

/** A failure, explained so that its reader can act. `message` tells what happened and where. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly whose: Owner;
  /** `target`: every upload would fail alike, so the next file need not be tried. */
  readonly scope: 'target' | 'file';
  /** What to do about it. */
  readonly remedy: string;
  /** The error code of S3, Node.js or the operating system. */
  readonly code: string;

  constructor(kind: ProblemKind, code: string, message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.whose = OWNERS[kind];
    this.code = code;
    this.remedy = remedy;
    this.scope = OF_ONE_FILE.has(kind) ? 'file' : 'target';
  }
}

/** Describes the bucket in messages. Holds nothing secret. */
export interface Place {
  readonly bucket: string;
  /** Host, with its port unless that is the default. */
  readonly host: string;
  /** The first 4 characters of the access key id, or the profile. */
  readonly accessKey: string;
  /** Host and port of the proxy on the way. */
  readonly proxy?: string | undefined;
}
