import { randomBytes, randomInt } from 'node:crypto';
import { isRecord } from '../record';

/** A key pair: its public and its private half. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * New credentials in the form of Amazon's: 20 letters and digits, and 40 characters of Base64 (so `+` and `/` occur).
 */
export function newCredentials(): Credentials {
  return { accessKeyId: `KERB${randomLetters(16)}`, secretAccessKey: randomBytes(30).toString('base64') };
}

/** `count` random capital letters and digits. */
export function randomLetters(count: number): string {
  return Array.from({ length: count }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** Whether a value, from a file for instance, is a key pair. */
export function isCredentials(value: unknown): value is Credentials {
  return isRecord(value) && typeof value.accessKeyId === 'string' && typeof value.secretAccessKey === 'string';
}
