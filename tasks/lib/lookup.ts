/**
 * Which of the backlog is in the bucket already.
 *
 * With the ledger lost, or a disk mounted again, a hundred thousand pictures would be sent twice. The device's key may
 * not ask for one object, but it may list: names and sizes come a thousand a request, and a file of the same name and
 * size is taken for the same (a name holds the microsecond and a random token).
 */
import { join } from 'node:path';
import type { Bucket } from './bucket';
import { fingerprintOf } from './intake';
import type { Ledger } from './ledger';
import type { UploadQueue } from './queue';

/**
 * Moves from `queue` to `ledger` what the bucket has under `prefix`. How many files that were. Ends early, between two
 * pages, when `isOver` says so. Rejects with a `Problem`; what was found until then stays found.
 */
export async function lookUp(
  bucket: Bucket,
  prefix: string,
  queue: UploadQueue,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<number> {
  const range = rangeOfBacklog(queue);
  if (range === undefined) return 0;
  let found = 0;
  // Listing begins after a key. Any beginning of the first name comes before that name.
  for await (const page of bucket.list(prefix, prefix + range.first.slice(0, -1))) {
    if (isOver()) break;
    for (const { key, size } of page) {
      const name = key.slice(prefix.length);
      const item = queue.get(name);
      if (item === undefined || item.state.is === 'sending') continue;
      const fingerprint = fingerprintOf(join(item.directory, name));
      if (fingerprint?.size !== size) continue;
      ledger.add(name, fingerprint);
      queue.remove(name);
      found++;
    }
    const last = page.at(-1)?.key;
    if (last !== undefined && last.slice(prefix.length) > range.last) break;
  }
  return found;
}

/** The first and the last name of the backlog as S3 orders keys, but for characters beyond the BMP: those are sent. */
function rangeOfBacklog(queue: UploadQueue): { first: string; last: string } | undefined {
  let range: { first: string; last: string } | undefined;
  for (const { name, live } of queue.items()) {
    if (live > 0) continue;
    if (range === undefined) range = { first: name, last: name };
    else if (name < range.first) range.first = name;
    else if (name > range.last) range.last = name;
  }
  return range;
}
