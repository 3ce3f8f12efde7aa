/**
 * What DIR/keys.json holds: the owner's key pair, the device's first one, and the first login, all made at the first start.
 * Later the device's key may be rotated, and the password changed: IAM and the table know what is in force.
 */
import { randomInt } from 'node:crypto';
import { type Credentials, isCredentials, newCredentials } from './credentials';
import { readJson, writePrivateJson } from './disk/private-file';

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
 * @throws Error for a person to read where the file is damaged
 */
export function stableKeys(file: string): Keys {
  const read = readJson(file);
  if (isKeys(read)) return read;
  const isOld = isKeyPairs(read);
  if (read !== undefined && !isOld) {
    throw new Error(`${file} does not hold two key pairs. Delete it, and the next start makes new ones.`);
  }
  const { owner, device } = isOld ? read : { owner: newCredentials(), device: newCredentials() };
  const keys: Keys = { owner, device, app: { password: newPassword(), isMade: false } };
  writePrivateJson(file, keys);
  return keys;
}

/** Remembers that the account was made. */
export function rememberAccount(file: string, keys: Keys): void {
  writePrivateJson(file, { ...keys, app: { ...keys.app, isMade: true } });
}

/** 20 letters and digits, none of which looks like another, in groups of five: 98 bits. */
function newPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const letters = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replace(/.{5}(?=.)/g, '$&-');
}

function isKeyPairs(value: unknown): value is Pick<Keys, 'owner' | 'device'> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'owner' in value &&
    isCredentials(value.owner) &&
    'device' in value &&
    isCredentials(value.device)
  );
}

function isKeys(value: unknown): value is Keys {
  if (!isKeyPairs(value) || !('app' in value)) return false;
  const { app } = value;
  return (
    typeof app === 'object' &&
    app !== null &&
    'password' in app &&
    typeof app.password === 'string' &&
    'isMade' in app &&
    typeof app.isMade === 'boolean'
  );
}
