/**
 * What DIR/keys.json holds: the owner's key pair, the device's first one, and the first login, all made at the first start.
 * Later the device's key may be rotated, and the password changed: IAM and the table know what is in force.
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
    /** Whether the account was made. From then on it is the owner's, and never set back. */
    readonly isMade: boolean;
  };
}

/**
 * The keys of a file: the same at every start.
 * @param warn is told where one of the file's two copies was damaged
 * @throws Error for a person to read where both are
 */
export function stableKeys(file: string, warn: (text: string) => void): Keys {
  const read = readTwice(file, isKeyPairs, warn);
  if (isKeys(read)) return read;
  const { owner, device } = read ?? { owner: newCredentials(), device: newCredentials() };
  const keys: Keys = { owner, device, app: { password: newPassword(), isMade: false } };
  writeTwice(file, keys);
  return keys;
}

/** Remembers that the account was made. */
export function rememberAccount(file: string, keys: Keys): void {
  writeTwice(file, { ...keys, app: { ...keys.app, isMade: true } });
}

/** 20 letters and digits, none of which looks like another, in groups of five: 98 bits. */
function newPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const letters = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replace(/.{5}(?=.)/g, '$&-');
}

/** Those of the first versions had no login yet. */
function isKeyPairs(value: unknown): value is Pick<Keys, 'owner' | 'device'> {
  return isRecord(value) && isCredentials(value.owner) && isCredentials(value.device);
}

function isKeys(value: unknown): value is Keys {
  if (!isKeyPairs(value) || !('app' in value)) return false;
  const { app } = value;
  return isRecord(app) && typeof app.password === 'string' && typeof app.isMade === 'boolean';
}
