/**
 * The content of DIR/keys.json: the owner's key pair, the device's first key pair, and the first login, all made at the
 * first start. Later the device's key may be rotated and the password changed; IAM and the table have the current ones.
 */
import { randomInt } from 'node:crypto';
import { isRecord } from '../record';
import { type Credentials, isCredentials, newCredentials } from './credentials';
import { readTwice, writeTwice } from './disk/private-file';

/** The key pairs and the login of a cloud. */
export interface Keys {
  readonly owner: Credentials;
  readonly device: Credentials;
  readonly app: {
    readonly password: string;
    /** Whether the account was made. From then on it belongs to its owner, and is never reset. */
    readonly isMade: boolean;
  };
}

/**
 * The keys in a file, which are made at the first start and never change.
 *
 * @param warn receives a message if one of the file's two copies was damaged
 * @throws Error for a person to read if both copies are damaged.
 */
export function stableKeys(file: string, warn: (text: string) => void): Keys {
  const read = readTwice(file, isKeyPairs, warn);
  if (isKeys(read)) return read;
  const { owner, device } = read ?? { owner: newCredentials(), device: newCredentials() };
  const keys: Keys = { owner, device, app: { password: newPassword(), isMade: false } };
  writeTwice(file, keys);
  return keys;
}

/** Records that the account was made. */
export function rememberAccount(file: string, keys: Keys): void {
  writeTwice(file, { ...keys, app: { ...keys.app, isMade: true } });
}

/** 20 letters and digits in groups of five, 98 bits, without characters that look alike. */
function newPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const letters = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replace(/.{5}(?=.)/g, '$&-');
}

/** Whether a value has the key pairs. The first versions had no login yet. */
function isKeyPairs(value: unknown): value is Pick<Keys, 'owner' | 'device'> {
  return isRecord(value) && isCredentials(value.owner) && isCredentials(value.device);
}

function isKeys(value: unknown): value is Keys {
  if (!isKeyPairs(value) || !('app' in value)) return false;
  const { app } = value;
  return isRecord(app) && typeof app.password === 'string' && typeof app.isMade === 'boolean';
}
