/**
 * What went wrong with a file on its way to the bucket, in words for the owner of the camera.
 *
 * S3, the network, TLS and the disk report failures in some fifty ways; `code` keeps their word. A caller needs three
 * things: whose failure it is (`whose`), whether it would hit every file (`scope`), and what to do about it (`remedy`).
 * `problemOf` (problem-of.ts) makes a `Problem` of anything that was thrown.
 */

/** Each kind, and whose failure it is. */
const OWNERS = {
  /** This machine cannot reach the server. */
  offline: 'line',
  'name-not-found': 'line',
  timeout: 'line',
  tls: 'line',
  /** Something that is not the store answers in its place: a proxy, a hotspot's login page, a wrong endpoint. */
  'not-s3': 'line',
  denied: 'bucket',
  credentials: 'bucket',
  'no-such-bucket': 'bucket',
  'wrong-region': 'bucket',
  clock: 'bucket',
  'slow-down': 'bucket',
  server: 'bucket',
  /** What arrived is not what was sent. */
  checksum: 'bucket',
  /** The store refuses this request; others may pass. */
  refused: 'bucket',
  /** The disk does not give the file. */
  file: 'file',
  /** A fault in our own code. */
  fault: 'program',
} as const satisfies Record<string, Owner>;

/**
 * Whose a failure is, and so what helps: `file`: the disk, or the rights on it. `line`: the network between here and
 * the store. `bucket`: the store, its account or its keys. `program`: a fault of ours, which another try cannot mend.
 */
export type Owner = 'file' | 'line' | 'bucket' | 'program';

export type ProblemKind = keyof typeof OWNERS;

/** These kinds can be about one file alone; all others would hit every file. */
const OF_ONE_FILE: ReadonlySet<ProblemKind> = new Set(['checksum', 'refused', 'file', 'fault']);

/** A failure that its reader can act on. `message` says what happened and where. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly whose: Owner;
  /** `target`: every upload would fail alike, so there is no use in trying the next file. */
  readonly scope: 'target' | 'file';
  /** What to do about it. */
  readonly remedy: string;
  /** What S3, Node or the operating system called it. */
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

/** Names the bucket in messages: nothing in here is secret. */
export interface Place {
  readonly bucket: string;
  /** Host, with port where it is not the usual one. */
  readonly host: string;
  /** First characters of the access key id. */
  readonly accessKey: string;
  /** The proxy on the way, host and port. */
  readonly proxy?: string | undefined;
}
