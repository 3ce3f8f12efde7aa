/** What is put into a bucket, and what its list shows. */

/** Bytes that can be read at any offset: a file. `size` in bytes. */
export interface Content {
  readonly size: number;
  /**
   * Reads `length` bytes at `offset`.
   *
   * @throws if the file no longer has them.
   */
  read(offset: number, length: number): Promise<Buffer>;
}

/** What goes with the bytes of a PUT. `signal` aborts it. */
export interface PutOptions {
  readonly contentType: string;
  /** User metadata, without `x-amz-meta-`: ASCII only. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** An object in the bucket's list. `size` in bytes. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** With its double quotes. */
  readonly etag?: string | undefined;
}
