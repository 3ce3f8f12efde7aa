/** The pictures of the benchmark: all with the same bytes, because the sink has but one ETag. */
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a Pi's camera makes of 1280 x 720, in bytes. */
const SIZE = 50_000;
/** Names that one file may have; ext4 allows 65,000. */
const LINKS = 30_000;

/** A JPEG by its markers, of bytes that nothing compresses. */
export function picture(): Buffer {
  const bytes = Buffer.alloc(SIZE);
  let seed = 1;
  for (let at = 0; at < SIZE; at++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    bytes[at] = (seed >> 16) % 255;
  }
  Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2]).copy(bytes);
  Buffer.from([0xff, 0xd9]).copy(bytes, SIZE - 2);
  return bytes;
}

/** The name of the picture `index`, one a second; `camera` keeps names apart. */
export function nameOf(index: number, camera = 'frontdoor'): string {
  return `${1_429_700_000 + index}_6-123456_${camera}_200-200-400-400_24_${100 + (index % 900)}.jpg`;
}

/** `count` files of their own in `directory`, which is made. */
export function writePictures(directory: string, count: number, bytes: Buffer): void {
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < count; index++) writeFileSync(join(directory, nameOf(index)), bytes);
}

/** `count` names in `directory`, which is made, of a few files: what costs no disk counts as much for who looks at names. */
export function linkPictures(directory: string, count: number, bytes: Buffer): void {
  mkdirSync(directory, { recursive: true });
  let first = '';
  for (let index = 0; index < count; index++) {
    const path = join(directory, nameOf(index));
    if (index % LINKS === 0) {
      first = path;
      writeFileSync(path, bytes);
    } else {
      linkSync(first, path);
    }
  }
}
