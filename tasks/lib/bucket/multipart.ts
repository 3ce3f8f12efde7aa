/**
 * A large file, a video, in parts: one part in memory at a time, each confirmed by its own checksum.
 *
 * An upload in parts that was broken off begins anew with its first part. To go on, one would have to ask which parts are
 * there, and a device's key may not.
 */

import type { Destination } from '../settings/settings';
import { type Checksums, checksums, judgeAnswer, judgeParts, type Verdict } from './confirm-upload';
import type { Content, PutOptions } from './content';
import { demandedFields } from './demands';
import { Problem } from './problem';
import { abortBy, type Client } from './s3-client';
import type { Answer } from './s3-error';

/** Files up to so many bytes are one PUT; larger ones go in parts of this size (S3 wants at least 5 MiB a part). */
export const PART_SIZE = 8 * 1024 * 1024;
/** S3's limit on the number of parts. */
const MOST_PARTS = 10_000;

/** A part on its way. */
export interface Part {
  readonly query: { partNumber: string; uploadId: string };
  readonly body: Buffer;
  readonly sums: Checksums;
  readonly signal: AbortSignal | undefined;
}

/** How the bucket is asked; both reject with a `Problem`. */
export interface PartsConnection {
  readonly destination: Destination;
  command<T>(run: (client: Client) => Promise<T>): Promise<T>;
  /** PUTs a part of `key`; resolves with the answer of a success. */
  send(key: string, part: Part): Promise<Answer>;
}

/** What S3 made of the parts. */
export interface PutTogether {
  readonly verdict: Verdict;
  /** Whether each part was. The ETags of parts are no MD5 at some stores, R2 among them. */
  readonly areConfirmed: boolean;
}

/** As `Bucket.put`, which calls it for what is larger than `PART_SIZE`, but for the confirmation of the whole. */
export async function putInParts(
  connection: PartsConnection,
  key: string,
  content: Content,
  { contentType, metadata, signal }: PutOptions,
): Promise<PutTogether> {
  const { bucket: Bucket, demands } = connection.destination;
  const partSize = Math.max(PART_SIZE, Math.ceil(content.size / MOST_PARTS));
  const { UploadId } = await connection.command(async ({ client, commands }) =>
    client.send(
      new commands.CreateMultipartUploadCommand({
        Bucket,
        Key: key,
        ContentType: contentType,
        Metadata: { ...metadata },
        ...demandedFields(commands, demands),
      }),
      abortBy(signal),
    ),
  );
  if (UploadId === undefined)
    throw new Problem('server', 'NoUploadId', 'S3 began no upload in parts.', 'It is tried again.');
  try {
    const Parts: { ETag: string; PartNumber: number }[] = [];
    const md5s: Buffer[] = [];
    let areConfirmed = true;
    for (let offset = 0; offset < content.size; offset += partSize) {
      const body = await content.read(offset, Math.min(partSize, content.size - offset));
      const sums = checksums(body);
      const PartNumber = Parts.length + 1;
      const query = { partNumber: String(PartNumber), uploadId: UploadId };
      const answer = await connection.send(key, { query, body, sums, signal });
      areConfirmed &&= judgeAnswer(key, answer, sums) === 'confirmed';
      Parts.push({ ETag: answer.headers.etag ?? '', PartNumber });
      md5s.push(sums.md5);
    }
    const whole = await connection.command(async ({ client, commands }) =>
      client.send(
        new commands.CompleteMultipartUploadCommand({ Bucket, Key: key, UploadId, MultipartUpload: { Parts } }),
        abortBy(signal),
      ),
    );
    const isEncrypted = /^aws:kms/.test(whole.ServerSideEncryption ?? '');
    const verdict = judgeParts({ etag: whole.ETag, isEncrypted: isEncrypted && areConfirmed }, md5s);
    return { verdict, areConfirmed };
  } catch (error) {
    // The parts cost their owner money until the bucket's lifecycle ends them. A key that may only write and list is
    // mostly not allowed to end them itself, and there may be no line to say it on.
    if (signal?.aborted !== true) {
      await connection
        .command(async ({ client, commands }) =>
          client.send(new commands.AbortMultipartUploadCommand({ Bucket, Key: key, UploadId }), abortBy(signal)),
        )
        .catch(() => {});
    }
    throw error;
  }
}
