/** Explains S3's refusals of a file, for the owner of the camera. */
import { type Place, Problem } from './problem';
import type { S3Error } from './s3-error';

const CREDENTIALS =
  'Check the public and private key in the Kerberos web interface (Cloud); new ones are used as soon as they are saved.';

/** The `Problem` for an error answer of S3. */
export function s3Problem(error: S3Error, place: Place): Problem {
  const { bucket, host, accessKey } = place;
  const { code, status } = error;
  if (isInBetween(error, place)) return inBetween(error, place);
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
    case 'QuotaExceeded':
      return new Problem(
        'denied',
        code,
        `The room of this account at ${host} is used up (${said}).`,
        'Delete pictures in the cloud application, or ask whoever runs the cloud for more. Files stay queued.',
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

/**
 * Whether the answer comes from something between this machine and the store. A fault (5xx) that is not in S3's form
 * may come from the store's own front end, unless there is a proxy.
 */
function isInBetween({ isFromS3, status, region }: S3Error, { proxy }: Place): boolean {
  if (isFromS3 || status === 407 || status === 429 || region !== undefined) return false;
  return status < 500 || proxy !== undefined;
}

function inBetween(error: S3Error, { host, proxy }: Place): Problem {
  const who = proxy === undefined ? 'a hotspot, a firewall, a router' : `the proxy ${proxy}`;
  const target = error.location === undefined ? '' : `, and sends us to ${hostOf(error.location)}`;
  return new Problem(
    'not-s3',
    error.code,
    `Something between this machine and ${host} (${who}) says ${error.status}${target}. It is no S3.`,
    proxy === undefined
      ? 'Log in to the network with a browser if it wants that, or have it let this machine through. Is the endpoint right?'
      : `Have the proxy allow CONNECT to ${host}, or let this host go without it: NO_PROXY=${host.replace(/:\d+$/, '')}.`,
    error,
  );
}

/** The host of a `Location`, without path and query, which may hold a session. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another page';
}
