/** What is put into a bucket, and what is found there. */

/** Bytes of known size that can be read at any place: a file. */
export interface Content {
  readonly size: number;
  /** The `length` bytes at `offset`. Throws where the file does not have them any more. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface PutOptions {
  readonly contentType: string;
  /** User metadata, without `x-amz-meta-`: ASCII only. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An object as the bucket's list has it. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** With its quotes. */
  readonly etag?: string | undefined;
}
