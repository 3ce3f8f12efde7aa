/**
 * Addresses that an owner names and the cloud then calls: webhooks, and the push services of browsers. They must not lead
 * into the cloud's own network, such as to the address at which a machine in AWS tells its credentials.
 */
import { isIP } from 'node:net';

/** Where the cloud may call. `loopback` is for one machine, where the receiver may be a program beside it. */
export interface Reach {
  readonly loopback: boolean;
}

/** The hosts of a machine itself, as a URL writes them. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

/**
 * Whether an address may be kept: https, by a host's name, without a password. It is checked again at each call, when the
 * name has been looked up (post.ts).
 */
export function isPublicAddress(address: string, { loopback }: Reach): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return false;
  if (loopback && LOOPBACK.includes(hostname)) return protocol === 'http:' || protocol === 'https:';
  const isName = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && hostname.includes('.');
  return protocol === 'https:' && isName && !/(^|\.)(localhost|local|internal|home\.arpa)\.?$/.test(hostname);
}
