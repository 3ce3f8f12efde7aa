/**
 * The checksums that a client can send, so that a flipped bit is refused and not stored: Content-MD5, and one
 * `x-amz-checksum-*`, in a header or, if the client knows it only after sending, in a trailer.
 * docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc64Nvme, crc32c } from './crc';
import { S3Error } from './errors';

/** Bytes of each algorithm's value. */
const LENGTHS = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 } as const;

/** A checksum algorithm of S3. */
export type ChecksumAlgorithm = keyof typeof LENGTHS;

/** A checksum of an object or part. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64, followed by `-N` if it is composed from the checksums of N parts. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** What the client promises: a value now, or one in the trailer. */
export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value?: string;
}

/** A checksum that is being computed. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

const ALGORITHMS: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'];

/** The algorithm of this name, in any case; `undefined` if there is none. */
export function algorithmNamed(name: string | undefined): ChecksumAlgorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm === name?.toUpperCase());
}

/** The header (and trailer) that carries a checksum of this algorithm. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

function fourBytes(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

/** Starts a checksum, to be updated with the bytes as they pass. */
export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  let crc = 0;
  switch (algorithm) {
    case 'CRC32':
      return {
        update: (bytes) => {
          crc = crc32(bytes, crc);
        },
        digest: () => fourBytes(crc),
      };
    case 'CRC32C':
      return {
        update: (bytes) => {
          crc = crc32c(bytes, crc);
        },
        digest: () => fourBytes(crc),
      };
    case 'CRC64NVME':
      return new Crc64Nvme();
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

/** @throws S3Error InvalidRequest where the value cannot be one of this algorithm */
export function requireWellFormed(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== LENGTHS[algorithm] || bytes.toString('base64') !== value) {
    throw new S3Error('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
  }
}

/**
 * The checksum that a request's headers announce; `undefined` if none.
 *
 * @param header returns a header by its lower-case name
 * @throws S3Error InvalidRequest if there are several, or it is malformed, or announced and missing.
 */
export function expectedChecksum(header: (name: string) => string | undefined): ExpectedChecksum | undefined {
  const inHeaders = ALGORITHMS.filter((algorithm) => header(checksumHeader(algorithm)) !== undefined);
  const trailer = header('x-amz-trailer')?.trim().toLowerCase();
  const inTrailer = ALGORITHMS.filter((algorithm) => checksumHeader(algorithm) === trailer);
  const [algorithm, ...others] = [...inHeaders, ...inTrailer];
  if (others.length > 0) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  if (algorithm === undefined) {
    if (trailer !== undefined) {
      throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
    }
    if (header('x-amz-sdk-checksum-algorithm') !== undefined) {
      throw new S3Error(
        'InvalidRequest',
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      );
    }
    return undefined;
  }
  const value = header(checksumHeader(algorithm));
  if (value === undefined) return { algorithm };
  requireWellFormed(algorithm, value);
  return { algorithm, value };
}
