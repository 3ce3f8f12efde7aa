/**
 * The files of test/lambda/media/hostile.ts, sent as a device sends them. Each must become what is written beside it there,
 * and meanwhile a picture of the other account is published.
 */
import * as corpus from '../lambda/media/corpus';
import { type HostileFile, hostileFiles } from '../lambda/media/hostile';
import { type Attempt, type Category, Unanswered } from './attempt';
import { control } from './files';
import type { Estates } from './page';
import type { Target } from './target';

/** Between hostile files, so often, the other account sends a picture. */
const EVERY = 8;

/** All hostile files; between them pictures of the other account, which must be published. */
export async function hostile(target: Target, estates: Estates): Promise<Category> {
  const files = await hostileFiles();
  return {
    name: 'hostile files',
    least: 56,
    attempts: files.flatMap((file, at) => [
      sent(target, estates, file, at),
      ...(at % EVERY === 0 ? [meanwhile(target, estates, at)] : []),
    ]),
    control: control(target, estates, 'hostile'),
  };
}

function sent(target: Target, { home }: Estates, { name, extension, file, becomes }: HostileFile, at: number): Attempt {
  const key = `home/14297100${String(at).padStart(2, '0')}_6-000000_door_1-1-2-2_1_1${extension}`;
  return {
    what: name,
    run: async () => {
      await target.upload(home.device, key, file);
      const outcome = await target.outcomeOf(key);
      // So many in a row wait for each other: the picture's own time begins with its turn, and is judged by its reason.
      if (outcome === undefined) throw new Unanswered('it was neither published nor refused');
      return becomes.includes(outcome) ? undefined : `it became ${outcome}, not ${becomes.join(' or ')}`;
    },
  };
}

/** A picture of somebody who has nothing to do with it. */
function meanwhile(target: Target, { john }: Estates, at: number): Attempt {
  const key = `john/14297200${String(at).padStart(2, '0')}_6-000000_door_1-1-2-2_1_1.jpg`;
  return {
    what: `john's picture ${at}`,
    run: async () => {
      await target.upload(john.device, key, await corpus.jpeg(64, 48, at));
      const outcome = await target.outcomeOf(key);
      return outcome === 'ok' ? undefined : `it became ${outcome}`;
    },
  };
}
