/**
 * The key pair with which the cloud identifies itself to the push services of browsers (VAPID, RFC 8292). A browser binds
 * its subscription to the public half, so the pair is made once and stays.
 */
import { createECDH } from 'node:crypto';
import { type Fields, text } from './fields';
import { VAPID_KEY } from './keys';
import type { Table } from './table';

/** Both halves in Base64url: a point of P-256 (65 bytes), and a number (32 bytes). */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** The key pair, which is made where there is none. */
export async function vapidKeys(table: Table): Promise<VapidKeys> {
  const known = await table.get(VAPID_KEY);
  if (known) return keysOf(known);
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  const made = { publicKey: pair.getPublicKey('base64url'), privateKey: pair.getPrivateKey().toString('base64url') };
  if (await table.create(VAPID_KEY, made)) return made;
  return keysOf((await table.get(VAPID_KEY)) ?? {});
}

function keysOf(item: Fields): VapidKeys {
  return { publicKey: text(item, 'publicKey'), privateKey: text(item, 'privateKey') };
}
