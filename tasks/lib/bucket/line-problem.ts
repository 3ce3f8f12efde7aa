/** What the network between this machine and the store reports, in words for the owner of the camera. */
import { codeOf, messageOf } from '../error-code';
import { type Place, Problem } from './problem';

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

/** What an error that came before any answer means. */
export function lineProblem(error: unknown, { host, accessKey }: Place): Problem {
  const code = codeOf(error);
  const message = messageOf(error);
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
