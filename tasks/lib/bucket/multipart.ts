/**
 * Uploads a large file (a video) in parts: one part in memory at a time, each confirmed by its own checksum.
 *
 * An upload in parts that was interrupted starts again with its first part: to resume it, the uploader would have to
 * list its parts, which a device's key may not.
 */

import type { Destination } from '../settings/settings';
import { Checksums, judgeAnswer, judgeParts, type Verdict } from './confirm-upload';
import type { Content, PutOptions } from './content';
import { demandedFields } from './demands';
import { Problem } from './problem';
import { abortBy, type Client } from './s3-client';
import type { Answer } from './s3-error';

/** Files up to 8 MiB are one PUT; larger files go in parts of this size or more (S3 wants at least 5 MiB a part). */
export const PART_SIZE = 8 * 1024 * 1024;
/** The most parts that S3 accepts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_PARTS = 10_000;

/** A part to send. */
export interface Part {
  readonly query: { partNumber: string; uploadId: string };
  readonly body: Buffer;
  readonly sums: Checksums;
  readonly signal: AbortSignal | undefined;
}

/** Makes the requests of an upload in parts. Both methods reject with a `Problem`. */
export interface PartsConnection {
  readonly destination: Destination;
  command<T>(run: (client: Client) => Promise<T>): Promise<T>;
  /** PUTs a part of `key`. Resolves with the answer if it is a success. */
  send(key: string, part: Part): Promise<Answer>;
}

/** The result of an upload in parts. */
export interface PutTogether {
  readonly verdict: Verdict;
  /** Whether every part was confirmed by itself. At some stores, such as R2, the ETags of parts are not MD5s. */
  readonly areConfirmed: boolean;
}

/**
 * Uploads in parts what `Bucket.put` finds larger than `PART_SIZE`.
 *
 * @throws Problem if the bucket does not take a part.
 * @throws what `content.read` throws.
 */
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
      const sums = new Checksums(body);
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
    // Unfinished parts cost the owner money until the bucket's lifecycle removes them. A key that may only write and
    // list is mostly not allowed to remove them itself, and the line may be down.
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
