/**
 * The same with many pictures: those of bursts, or single ones. The API takes a hundred at a time; whoever waits is
 * told how far it is.
 */
import { api } from '../api';
import type { Address, Burst, Event, Id } from '../api-types';
import { dropPictures, pollNow } from './day';
import { forgetMonths } from './months';
import { picturesOf, renew } from './reel';

/** Events of one request, as openapi.yaml has it. */
const BATCH = 100;

/** Told how many of the pictures are done. */
export type Progress = (done: number, of: number) => void;

/** Some or all pictures of a burst, for an action. */
export interface Part {
  burst: Burst;
  /** Left out: all of them. */
  pictures?: Event[];
}

/**
 * Deletes pictures.
 *
 * @returns their number.
 * @throws ApiError, Unreachable; earlier pictures are deleted then.
 */
export async function deleteMany(parts: readonly Part[], progress: Progress): Promise<number> {
  const all = await whole(parts);
  const gone = new Set<Id>();
  try {
    await inBatches(all, progress, async (ids) => {
      await api.batch({ action: 'delete', ids });
      for (const id of ids) gone.add(id);
    });
  } finally {
    for (const { burst, pictures } of all) {
      const number = pictures.filter(({ id }) => gone.has(id)).length;
      if (number > 0) dropPictures(burst, number);
    }
    forgetMonths();
  }
  return gone.size;
}

/** Keeps pictures for ever, with a note; or, where `note` is undefined, lets them expire again. Returns how many. */
export async function keepMany(parts: readonly Part[], note: string | undefined, progress: Progress): Promise<number> {
  const all = await whole(parts);
  const done = new Set<Id>();
  await inBatches(all, progress, async (ids) => {
    const answer = await api.batch(note === undefined ? { action: 'release', ids } : { action: 'keep', ids, note });
    for (const id of answer.done) done.add(id);
  });
  const changed = all.flatMap(({ pictures }) => pictures.filter(({ id }) => done.has(id)));
  renew(changed.map(({ kept: _, note: __, ...event }) => ({ ...event, ...keptWith(note) })));
  pollNow();
  return done.size;
}

function keptWith(note: string | undefined): Pick<Event, 'kept' | 'note'> {
  if (note === undefined) return {};
  return { kept: true, ...(note === '' ? {} : { note }) };
}

/**
 * Puts pictures into one zip, which is made here, from the bucket's own bytes, and hands it to the browser to be saved.
 * Addresses are signed for 100 seconds, so each hundred is signed when it is its turn.
 * @throws ApiError, Unreachable, Error that names the picture that could not be had
 */
export async function downloadMany(parts: readonly Part[], name: string, progress: Progress): Promise<number> {
  const all = await whole(parts);
  const ids = all.flatMap(({ pictures }) => pictures.map(({ id }) => id));
  const { downloadZip } = await import('client-zip');
  let done = 0;
  async function* files() {
    const names = new Set<string>();
    for (const some of chunks(ids)) {
      for (const address of await api.addresses(some)) {
        progress(done, ids.length);
        yield {
          name: unique(address.fileName, names),
          lastModified: new Date(address.time),
          input: await fetched(address),
        };
        done += 1;
      }
    }
  }
  const blob = await downloadZip(files()).blob();
  save(blob, name);
  return done;
}

async function fetched({ url, fileName }: Address): Promise<Response> {
  const response = await fetch(url, { credentials: 'omit' }).catch(() => undefined);
  if (!response?.ok) throw new Error(`${fileName} could not be downloaded, so there is no zip. Try again.`);
  return response;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Behind the browser's own reading of it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Two cameras may use the same file name. */
function unique(fileName: string, taken: Set<string>): string {
  const dot = fileName.lastIndexOf('.');
  let name = fileName;
  for (let i = 2; taken.has(name); i++) name = `${fileName.slice(0, dot)} (${i})${fileName.slice(dot)}`;
  taken.add(name);
  return name;
}

async function whole(parts: readonly Part[]): Promise<Required<Part>[]> {
  const found: Required<Part>[] = [];
  for (const { burst, pictures } of parts) found.push({ burst, pictures: pictures ?? (await picturesOf(burst)) });
  return found;
}

async function inBatches(
  parts: readonly Required<Part>[],
  progress: Progress,
  act: (ids: Id[]) => Promise<void>,
): Promise<void> {
  const ids = parts.flatMap(({ pictures }) => pictures.map(({ id }) => id));
  let done = 0;
  for (const some of chunks(ids)) {
    progress(done, ids.length);
    await act(some);
    done += some.length;
  }
}

function chunks(ids: readonly Id[]): Id[][] {
  return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) => ids.slice(i * BATCH, (i + 1) * BATCH));
}
