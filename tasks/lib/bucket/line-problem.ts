/** Explains errors of the network between this machine and the store, for the owner of the camera. */
import { codeOf, messageOf } from '../error-code';
import { type Place, Problem, type ProblemKind } from './problem';

const UNREACHABLE = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'EADDRNOTAVAIL',
  'ENONET',
]);
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']);
const TIMEOUTS = new Set(['TimeoutError', 'ETIMEDOUT', 'ESOCKETTIMEDOUT']);
/** What OpenSSL reports when the other side answers in plain HTTP. */
const NO_TLS = /WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL/;
/** Errors about certificates, of OpenSSL and of Node.js. */
const CERTIFICATE = /^CERT_|^ERR_TLS_CERT|CERT|SELF_SIGNED|VERIFY_LEAF|ISSUER/;
const TLS = /^ERR_TLS|^ERR_SSL|^EPROTO$/;

/** The `Problem` for an error that came before any answer. */
export function lineProblem(error: unknown, place: Place): Problem {
  const code = codeOf(error);
  const message = messageOf(error);
  const host = hostOf(error, place);
  const problem = (kind: ProblemKind, text: string, remedy: string) => new Problem(kind, code, text, remedy, error);
  if (code === 'CredentialsProviderError') {
    return problem(
      'credentials',
      `The access key ${place.accessKey} cannot be had: ${message}`,
      'Check AWS_PROFILE, and that profile in ~/.aws/credentials and ~/.aws/config of the user that runs grunt.',
    );
  }
  if (NO_NAME.has(code)) {
    return problem(
      'name-not-found',
      `The name ${host} cannot be found (${code}).`,
      'Is this machine online, and does it have a DNS server (/etc/resolv.conf)?',
    );
  }
  if (code === 'ECONNREFUSED') {
    return problem(
      'offline',
      `${host} cannot be reached (${code}): nothing listens there.`,
      isLocal(host)
        ? 'That is this machine itself: is the server started (grunt cloud), and is the port of the endpoint right?'
        : 'Is the server started, and is the port right?',
    );
  }
  if (UNREACHABLE.has(code))
    return problem('offline', `${host} cannot be reached (${code}).`, 'Is this machine online?');
  if (TIMEOUTS.has(code)) {
    return problem('timeout', `${host} does not answer.`, 'Is this machine online? The line may be dead.');
  }
  if (NO_TLS.test(code) || (TLS.test(code) && NO_TLS.test(message.replaceAll(' ', '_').toUpperCase()))) {
    return problem(
      'tls',
      `${host} does not speak TLS on this port (${code}).`,
      'If it is a plain HTTP server, write http:// in the endpoint; else name the port of its https.',
    );
  }
  if (CERTIFICATE.test(code)) {
    return problem('tls', `The certificate of ${host} is not accepted (${message}).`, remedyOfCertificate(code));
  }
  if (TLS.test(code)) {
    return problem('tls', `No TLS connection to ${host} comes about (${message}).`, 'Does something stand in between?');
  }
  if (code.startsWith('HPE_')) {
    return problem(
      'not-s3',
      `What answers at ${host} does not speak HTTP (${code}).`,
      'Is the port of the endpoint right? An https port wants https:// in the endpoint.',
    );
  }
  return problem('offline', `${host} cannot be used: ${message}`, 'Is this machine online?');
}

/** The host that an error is about: the proxy's if the connection to the proxy failed. */
function hostOf(error: unknown, { host, proxy }: Place): string {
  if (proxy === undefined || !(error instanceof Error)) return host;
  const failed = 'hostname' in error ? error.hostname : 'address' in error ? error.address : undefined;
  const port = 'port' in error ? error.port : undefined;
  const isProxy =
    typeof failed === 'string' && !host.startsWith(failed) && (port === undefined || proxy.endsWith(`:${port}`));
  return isProxy ? `the proxy ${proxy}` : host;
}

function isLocal(host: string): boolean {
  return /^(127\.|localhost(:|$)|\[::1\])/.test(host);
}

function remedyOfCertificate(code: string): string {
  switch (code) {
    case 'CERT_NOT_YET_VALID':
    case 'CERT_HAS_EXPIRED':
      return 'Most likely the clock of this machine is wrong: timedatectl set-ntp true.';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "It is made out to another name: is the endpoint right, or does a hotspot's login page answer?";
    default:
      return 'A private certificate authority is named by NODE_EXTRA_CA_CERTS=/path/to/ca.pem.';
  }
}
