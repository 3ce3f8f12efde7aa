/**
 * Passwords are kept as argon2id hashes, with the least that OWASP's Password Storage Cheat Sheet asks for: 19 MiB of
 * memory, two passes, one lane. That takes a server some 50 ms, and who has stolen the table years per password.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { argon2id, argon2Verify } from 'hash-wasm';

const ARGON2 = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 };

/** The hash of a password that nobody knows, so that a user who does not exist costs the same work as one who does. */
let nobodys: Promise<string> | undefined;

/** The hash of a password, with its salt and parameters (PHC string format). */
export async function hashPassword(password: string): Promise<string> {
  return await argon2id({ password: normalized(password), salt: randomBytes(16), outputType: 'encoded', ...ARGON2 });
}

/** Whether a password is the one of a hash. Without a hash it takes as long, and is not. */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  nobodys ??= hashPassword(randomBytes(32).toString('hex'));
  const compared = hash ?? (await nobodys);
  // None is empty, and the library throws at one that is; it takes as long.
  const matches = await argon2Verify({ password: normalized(password) || 'empty', hash: compared });
  return matches && hash !== undefined && password !== '';
}

/** A new password: 20 letters and digits in groups of five, 98 bits, none of which looks like another. */
export function newPassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
  const letters = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return letters.replace(/.{5}(?=.)/g, '$&-');
}

/** Keyboards write the same letter in different ways (é as one character or two). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
