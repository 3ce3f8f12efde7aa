/**
 * Passwords are stored as argon2id hashes, with the least that OWASP's Password Storage Cheat Sheet asks for: 19 MiB of
 * memory, two passes, one lane. That takes a server some 50 ms, and a thief of the table years for each password.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { argon2id, argon2Verify } from 'hash-wasm';

const ARGON2 = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 };

/** The hash of a random password, so that checking a user who does not exist takes as long as checking one who does. */
let nobodys: Promise<string> | undefined;

/** The hash of a password, with its salt and parameters (PHC string format). */
export async function hashPassword(password: string): Promise<string> {
  return await argon2id({ password: normalized(password), salt: randomBytes(16), outputType: 'encoded', ...ARGON2 });
}

/** Whether a password matches a hash; false without a hash, after the same time. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  nobodys ??= hashPassword(randomBytes(32).toString('hex'));
  const compared = hash ?? (await nobodys);
  // No password is empty, and the library throws for an empty one. The replacement takes as long.
  const matches = await argon2Verify({ password: normalized(password) || 'empty', hash: compared });
  return matches && hash !== undefined && password !== '';
}

/** A new password: 20 letters and digits in groups of five, 98 bits, without characters that look alike. */
export function newPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const letters = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replace(/.{5}(?=.)/g, '$&-');
}

/** Keyboards write the same character in different ways (é as one code point or two). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
