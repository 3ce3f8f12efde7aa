/**
 * `aws-chunked`: how a client sends a body whose hash it does not know yet. Inside the HTTP body, each chunk is
 *
 *     <size in hex>[;chunk-signature=<signature>]\r\n<bytes>\r\n
 *
 * and a chunk of size 0 ends them, after which there may be trailing headers: a checksum, and with signed chunks the
 * `x-amz-trailer-signature`. A chunk's signature goes on from that of the chunk before it, the first from the request's
 * own, so that chunks cannot be exchanged, left out or added. A server that stores the body with this framing silently
 * corrupts it; a server that trusts the length alone stores a cut body.
 * docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
import { createHash } from 'node:crypto';
import { S3Error } from './errors';
import { type ChunkSigner, sameSignature } from './signature';

/** S3 refuses smaller chunks, except the last. */
const MIN_CHUNK_BYTES = 8192;
const MAX_LINE_BYTES = 8192;
const MAX_TRAILERS = 16;

const NO_BYTES = sha256('');

/**
 * Takes the framing off.
 * @param source the HTTP body
 * @param signer what signed chunks are checked with; undefined where they are not signed
 * @param onTrailers is given the trailing headers, by lower-case name, once they are verified
 * @throws S3Error IncompleteBody, SignatureDoesNotMatch, InvalidChunkSizeError, MalformedTrailerError
 */
export async function* decodeChunks(
  source: AsyncIterator<Buffer>,
  signer: ChunkSigner | undefined,
  onTrailers: (trailers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Buffer> {
  const reader = new Reader(source);
  let previous = signer?.seed ?? '';
  let smallChunkSeen = false;
  for (;;) {
    const { size, signature } = parseChunkLine(await reader.line());
    if (smallChunkSeen && size > 0) throw new S3Error('InvalidChunkSizeError');
    smallChunkSeen = size < MIN_CHUNK_BYTES;

    const hash = signer === undefined ? undefined : createHash('sha256');
    for (let left = size; left > 0; ) {
      const bytes = await reader.some(left);
      hash?.update(bytes);
      left -= bytes.length;
      yield bytes;
    }
    if (signer !== undefined && hash !== undefined) {
      const expected = signer.sign('AWS4-HMAC-SHA256-PAYLOAD', previous, `${NO_BYTES}\n${hash.digest('hex')}`);
      if (!sameSignature(expected, signature)) throw new S3Error('SignatureDoesNotMatch');
      previous = expected;
    }
    if (size === 0) break;
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody');
  }
  onTrailers(await readTrailers(reader, signer, previous));
}

function parseChunkLine(line: string): { size: number; signature: string } {
  const match = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (match?.[1] === undefined) throw new S3Error('IncompleteBody', 'A chunk of the body has no valid size.');
  return { size: Number.parseInt(match[1], 16), signature: match[2] ?? '' };
}

async function readTrailers(
  reader: Reader,
  signer: ChunkSigner | undefined,
  previous: string,
): Promise<ReadonlyMap<string, string>> {
  const trailers = new Map<string, string>();
  while (!(await reader.ended())) {
    const line = await reader.line();
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1 || trailers.size === MAX_TRAILERS) throw new S3Error('MalformedTrailerError');
    trailers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const signature = trailers.get('x-amz-trailer-signature') ?? '';
  trailers.delete('x-amz-trailer-signature');
  if (signer !== undefined && trailers.size > 0) {
    const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    const expected = signer.sign('AWS4-HMAC-SHA256-TRAILER', previous, sha256(text));
    if (!sameSignature(expected, signature)) throw new S3Error('SignatureDoesNotMatch');
  }
  return trailers;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Reads lines and counted bytes from the same stream. */
class Reader {
  #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source;
  }

  /** Whether nothing is left. */
  async ended(): Promise<boolean> {
    return this.#buffer.length === 0 && !(await this.#more());
  }

  /** From 1 to `limit` bytes. */
  async some(limit: number): Promise<Buffer> {
    if (await this.ended()) throw new S3Error('IncompleteBody');
    const bytes = this.#buffer.subarray(0, limit);
    this.#buffer = this.#buffer.subarray(bytes.length);
    return bytes;
  }

  /** The bytes before the next line feed, without a carriage return before it. */
  async line(): Promise<string> {
    let end = this.#buffer.indexOf('\n');
    while (end < 0) {
      if (this.#buffer.length > MAX_LINE_BYTES || !(await this.#more())) throw new S3Error('IncompleteBody');
      end = this.#buffer.indexOf('\n');
    }
    const line = this.#buffer.toString('latin1', 0, end);
    this.#buffer = this.#buffer.subarray(end + 1);
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done === true) return false;
      if (value.length === 0) continue;
      this.#buffer = this.#buffer.length === 0 ? value : Buffer.concat([this.#buffer, value]);
      return true;
    }
  }
}
