/**
 * What can go wrong between this machine and its bucket, in words for the owner of the camera.
 *
 * S3, the network and TLS say it in some fifty ways (`code` below keeps their word). A caller needs to know just two
 * things: is it about one file or would it fail for every file (`scope`), and what can be done about it (`remedy`).
 */

import { codeOf } from '../error-code';
import { S3Error } from './s3-error';

export type ProblemKind =
  | 'offline'
  | 'name-not-found'
  | 'timeout'
  | 'tls'
  | 'denied'
  | 'credentials'
  | 'no-such-bucket'
  | 'wrong-region'
  | 'clock'
  | 'slow-down'
  | 'server'
  | 'checksum'
  | 'refused'
  | 'file';

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  /** `target`: every upload would fail alike, so there is no use in trying the next file. */
  readonly scope: 'target' | 'file';
  /** What to do about it. */
  readonly remedy: string;
  /** What S3, Node or the operating system called it. */
  readonly code: string;

  constructor(kind: ProblemKind, code: string, message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.code = code;
    this.remedy = remedy;
    this.scope = kind === 'checksum' || kind === 'refused' || kind === 'file' ? 'file' : 'target';
  }
}

/** Names the place in messages: nothing in here is secret. */
export interface Place {
  readonly bucket: string;
  /** Host, with port where it is not the usual one. */
  readonly host: string;
  /** First characters of the access key id. */
  readonly accessKey: string;
}

const CREDENTIALS =
  'Check the public and private key in the Kerberos web interface (Cloud); new ones are used as soon as they are saved.';

/** The `Problem` that an error is, whoever threw it. */
export function problemOf(error: unknown, place: Place): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof S3Error) return ofS3(error, place);
  return ofTransport(error, place);
}

function ofS3(error: S3Error, { bucket, host, accessKey }: Place): Problem {
  const { code, status } = error;
  const said = `${code}${error.message && error.message !== code ? `: ${error.message}` : ''}`;
  switch (code) {
    case 'InvalidAccessKeyId':
      return new Problem('credentials', code, `${host} does not know the access key ${accessKey}.`, CREDENTIALS, error);
    case 'SignatureDoesNotMatch':
      return new Problem(
        'credentials',
        code,
        `${host} says that the private key does not belong to the access key ${accessKey}.`,
        `The private key was probably not copied whole. ${CREDENTIALS}`,
        error,
      );
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'TokenRefreshRequired':
      return new Problem('credentials', code, `The session token is no longer valid (${said}).`, CREDENTIALS, error);
    case 'NoSuchBucket':
    case 'InvalidBucketName':
      return new Problem(
        'no-such-bucket',
        code,
        `There is no bucket "${bucket}" at ${host}.`,
        'Check the bucket in the Kerberos web interface (Cloud).',
        error,
      );
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
    case 'AuthorizationHeaderMalformed':
      return new Problem(
        'wrong-region',
        code,
        `The bucket "${bucket}" is in another region and ${host} does not say in which (${said}).`,
        'Set AWS_REGION to the region of the bucket.',
        error,
      );
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
      return new Problem(
        'clock',
        code,
        'The clock of this machine is wrong.',
        'Let it be set from the network: timedatectl set-ntp true.',
        error,
      );
    case 'SlowDown':
    case 'ServiceUnavailable':
    case 'TooManyRequests':
    case 'RequestLimitExceeded':
      return new Problem('slow-down', code, `${host} asks for fewer requests (${said}).`, 'Nothing to do.', error);
    case 'BadDigest':
    case 'InvalidDigest':
    case 'XAmzContentSHA256Mismatch':
    case 'XAmzContentChecksumMismatch':
    case 'IncompleteBody':
      return new Problem('checksum', code, `The file was damaged on its way (${said}).`, 'It is sent again.', error);
    case 'RequestTimeout':
      return new Problem(
        'timeout',
        code,
        `${host} gave up waiting for the rest of a file.`,
        'Is the line very slow?',
        error,
      );
  }
  if (status === 403 || status === 401) {
    return new Problem(
      'denied',
      code,
      `${host} denies the access key ${accessKey} to write to bucket "${bucket}" (${said}).`,
      'The subscription may have ended, or folder and bucket belong to another licence. Check them in the Kerberos web interface (Cloud).',
      error,
    );
  }
  if (status === 407) {
    return new Problem(
      'offline',
      code,
      `The proxy on the way to ${host} asks for a user and a password.`,
      'Put them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT.',
      error,
    );
  }
  if (status === 429) {
    return new Problem('slow-down', code, `${host} asks for fewer requests (${said}).`, 'Nothing to do.', error);
  }
  if (status >= 500 || status < 300) {
    return new Problem(
      'server',
      code,
      `${host} has a fault (${status} ${said}).`,
      'Nothing to do here; it is tried again.',
      error,
    );
  }
  return new Problem('refused', code, `${host} refuses the file (${status} ${said}).`, 'It is tried again.', error);
}

const OFFLINE = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'EADDRNOTAVAIL',
  'ENONET',
]);

function ofTransport(error: unknown, { host, accessKey }: Place): Problem {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'CredentialsProviderError') {
    return new Problem(
      'credentials',
      code,
      `The access key ${accessKey} cannot be had: ${message}`,
      'Check AWS_PROFILE, and that profile in ~/.aws/credentials and ~/.aws/config of the user that runs grunt.',
      error,
    );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') {
    return new Problem(
      'name-not-found',
      code,
      `The name ${host} cannot be found (${code}).`,
      'Is this machine online, and does it have a DNS server (/etc/resolv.conf)?',
      error,
    );
  }
  if (OFFLINE.has(code)) {
    return new Problem('offline', code, `${host} cannot be reached (${code}).`, 'Is this machine online?', error);
  }
  if (code === 'TimeoutError' || code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT') {
    return new Problem(
      'timeout',
      code,
      `${host} does not answer.`,
      'Is this machine online? The line may be dead.',
      error,
    );
  }
  if (/^CERT_|^ERR_TLS|^ERR_SSL|^EPROTO$|CERT|SELF_SIGNED|VERIFY_LEAF|ISSUER/.test(code)) {
    const clock = code === 'CERT_NOT_YET_VALID' || code === 'CERT_HAS_EXPIRED';
    return new Problem(
      'tls',
      code,
      `The certificate of ${host} is not accepted (${message}).`,
      clock
        ? 'Most likely the clock of this machine is wrong: timedatectl set-ntp true.'
        : 'A private certificate authority is named by NODE_EXTRA_CA_CERTS=/path/to/ca.pem.',
      error,
    );
  }
  return new Problem('offline', code, `${host} cannot be used: ${message}`, 'Is this machine online?', error);
}
