/**
 * The connection test: can this machine do what `grunt sync` does, and if not, what helps?
 *
 * The steps are those of an upload, and each needs the steps before it; a step that cannot be tried names the step that
 * it waits for. A device's key may only write and list. So a small object is written and then looked for in the list,
 * and the answers to these two requests also tell about the credentials and the bucket. Both requests go the way that
 * pictures go.
 *
 * `grunt sync` corrects a wrong clock and a wrong region by itself. Here they are reported all the same.
 */
import { lookup } from 'node:dns/promises';
import { access, constants, readdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Bucket, CHECK_NAME } from './bucket/bucket';
import { inWords } from './bucket/corrections';
import { Problem } from './bucket/problem';
import { problemOf } from './bucket/problem-of';
import { kindOf, objectKey } from './event';
import { leftAlone } from './left-alone';
import { plural } from './plural';
import { describe, type SettingsResult, type SyncSettings } from './settings/settings';

/** The steps in their order. */
const NAMES = [
  'configuration',
  'directory',
  'name',
  'connection',
  'clock',
  'credentials',
  'bucket',
  'write',
  'list',
] as const;

/** The name of a step. */
export type CheckName = (typeof NAMES)[number];

/** The result of one step. */
export interface Check {
  name: CheckName;
  result: 'ok' | 'failed' | 'not tried';
  /** What was found; for a step that was not tried, why. */
  detail: string;
  /** What to do about it, unless the detail says so. */
  remedy?: string;
}

/** A clock that differs from the server's by less is fine, in ms: network time is more exact. S3 accepts 15 minutes. */
const CLOCK_TOLERANCE = 5 * 60_000;
/** A configuration that is being written is read again at most 10 times. */
const READ_AGAIN = 10;
/** Ms between two attempts to read a configuration that is being written. */
const READ_AGAIN_AFTER = 200;

/**
 * Checks one target. Writes one object, and nothing else. `read` reads the target's settings; `now` returns ms since
 * 1970.
 */
export async function* check(
  read: () => Promise<SettingsResult>,
  now: () => number = Date.now,
): AsyncGenerator<Check, void> {
  let settings = await read();
  for (let times = 0; settings.state === 'unreadable' && times < READ_AGAIN; times++) {
    await wait(READ_AGAIN_AFTER);
    settings = await read();
  }
  switch (settings.state) {
    case 'ready':
      yield {
        name: 'configuration',
        result: settings.warnings.length === 0 ? 'ok' : 'failed',
        detail: [...settings.notes, ...describe(settings.settings), ...settings.warnings, ...adviceOf(settings)].join(
          '\n',
        ),
      };
      yield await checkDirectories(settings.settings.directories);
      return yield* checkCloud(settings.settings, now);
    case 'unsubscribed':
      yield ok('configuration', [...settings.notes, `found in ${settings.watch.join(', ')}`].join('\n'));
      yield await checkDirectories(settings.directories);
      yield* notTried('name', 'clock', 'there is no cloud subscription to try');
      yield { name: 'credentials', result: 'failed', detail: settings.message };
      return yield* notTried('bucket', 'list', 'there is no cloud subscription to try');
    case 'unreadable':
    case 'invalid': {
      const why = settings.state === 'invalid' ? settings.problems : [settings.message];
      yield { name: 'configuration', result: 'failed', detail: [...settings.notes, ...why].join('\n') };
      return yield* notTried('directory', 'list', 'the configuration cannot be used');
    }
  }
}

/** Advice about settings that work, but could be better. */
function adviceOf({ advice }: { readonly advice: readonly string[] }): string[] {
  return advice.map((text) => `Advice: ${text}`);
}

/** A step's result for people: a line (or more) for the detail, and one for the remedy. */
export function lines({ name, result, detail, remedy }: Check): string[] {
  const sign = { ok: '✓', failed: '✗', 'not tried': '–' }[result];
  const text = result === 'not tried' ? `not tried: ${detail}` : detail;
  return [...text.split('\n'), ...(remedy === undefined ? [] : [`Remedy: ${remedy}`])].map(
    (line, at) => `${(at === 0 ? `${sign} ${name}` : '').padEnd(16)}${line}`,
  );
}

async function checkDirectories(directories: readonly string[]): Promise<Check> {
  const found: string[] = [];
  const left: string[] = [];
  for (const directory of directories) {
    try {
      const events = (await readdir(directory)).filter((name) => kindOf(name) !== undefined).sort();
      const newest = events.at(-1);
      if (newest !== undefined) await access(join(directory, newest), constants.R_OK).catch(unlessMissing);
      found.push(`${directory}, ${events.length === 1 ? 'one event' : plural(events.length, 'event')}`);
      left.push(...(await leftAlone(directory)).map(({ text }) => text));
    } catch (error) {
      return ofDirectory(directory, error);
    }
  }
  if (left.length === 0) return ok('directory', found.join('; '));
  return { name: 'directory', result: 'failed', detail: [found.join('; '), ...left].join('\n') };
}

function ofDirectory(directory: string, error: unknown): Check {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return failed(
      'directory',
      `${directory} ${code === 'ENOENT' ? 'does not exist' : 'is no directory'}.`,
      'If the camera has never saved anything, let it. Else name the directory that it writes to: <directory> in io.xml, SYNC_DIRECTORY or --directory.',
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return failed(
      'directory',
      `${directory}, or what is in it, may not be read by this user.`,
      `Run grunt as root, or let everybody read: chmod -R o+rX ${directory}`,
    );
  }
  return failed('directory', `${directory} cannot be read (${code ?? error}).`, 'The disk or SD card may be failing.');
}

async function* checkCloud(settings: SyncSettings, now: () => number): AsyncGenerator<Check, void> {
  const bucket = await Bucket.open(settings.destination, { now });
  try {
    const name = await checkName(bucket);
    yield name;
    if (name.result === 'failed') return yield* notTried('connection', 'list', 'the server is not found');

    const proxy = bucket.place.proxy && `The way there is the proxy ${bucket.place.proxy}.`;
    const asked = now();
    const time = await attempt(bucket, () => bucket.serverTime());
    if (time instanceof Problem) {
      const isTold = proxy === undefined || time.kind === 'not-s3';
      yield failed('connection', isTold ? time.message : `${time.message} ${proxy}`, time.remedy);
      return yield* notTried('clock', 'list', 'there is no connection');
    }
    yield ok('connection', `${bucket.place.host} answers within ${now() - asked} ms. ${proxy ?? ''}`.trimEnd());

    const key = objectKey(settings.destination.folder, CHECK_NAME);
    const content = Buffer.from(`grunt check of ${settings.instance}\n`);
    const write = await attempt(bucket, () => put(bucket, key, content));
    // S3's own statement counts more than the `Date` of an answer, which something in between may have given. A `Date`
    // is cut to the second, so on average the server is half a second further.
    const offset = bucket.clockOffset || (time === undefined ? undefined : time + 500 - (asked + now()) / 2);
    yield checkClock(offset, write === undefined);
    yield* checkRights(bucket, settings, key, content.length, write);
  } finally {
    bucket.close();
  }
}

async function checkName(bucket: Bucket): Promise<Check> {
  const host = bucket.place.proxy ?? bucket.place.host;
  const { hostname } = new URL(`http://${host}`);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return ok('name', `${hostname} is an address already`);
  try {
    const addresses = await lookup(hostname, { all: true });
    return ok('name', `${hostname} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    return ofProblem('name', problemOf(error, { ...bucket.place, host, proxy: undefined }));
  }
}

function checkClock(offset: number | undefined, isUploading: boolean): Check {
  if (offset === undefined) return { name: 'clock', result: 'not tried', detail: 'the server does not tell its time' };
  if (Math.abs(offset) < CLOCK_TOLERANCE) {
    return ok('clock', `within ${Math.max(1, Math.ceil(Math.abs(offset) / 1000))} s of the server's`);
  }
  const inSpite = isUploading
    ? " Uploads use the server's time and work in spite of it, but new pictures are named with the wrong time."
    : '';
  return failed('clock', `${inWords(-offset)}.${inSpite}`, 'Let it be set from the network: timedatectl set-ntp true.');
}

/** Reports on credentials, bucket, write and list, as the results of the write and the list tell. */
async function* checkRights(
  bucket: Bucket,
  settings: SyncSettings,
  key: string,
  size: number,
  write: Problem | undefined,
): AsyncGenerator<Check, void> {
  const { destination } = settings;
  if (write?.kind === 'credentials' || write?.kind === 'clock') {
    yield ofProblem('credentials', write);
    return yield* notTried('bucket', 'list', 'the credentials are not accepted');
  }
  if (write?.kind === 'no-such-bucket' || write?.kind === 'wrong-region') {
    yield* notTried('credentials', 'credentials', 'there is no bucket to try them on');
    yield ofProblem('bucket', write);
    return yield* notTried('write', 'list', 'there is no bucket to try it on');
  }

  const prefix = objectKey(destination.folder, '');
  const list = await attempt(bucket, () => isListed(bucket, prefix, key, size));
  const isListable = !(list instanceof Problem);
  // S3 checks the signature before the rights: a key that is denied something was recognised.
  const isRecognised = write === undefined || isListable || write.kind === 'denied' || list.kind === 'denied';
  if (isRecognised) yield ok('credentials', `access key ${bucket.place.accessKey}`);
  else yield* notTried('credentials', 'credentials', 'the server did not come to look at them');

  const elsewhere =
    bucket.region === destination.region
      ? ''
      : ` (it is in ${bucket.region}: AWS_REGION=${bucket.region} saves a detour)`;
  if (write === undefined || isListable) yield ok('bucket', `${destination.bucket}${elsewhere}`);
  else yield* notTried('bucket', 'bucket', 'the server does not say whether it is there');

  if (write === undefined) yield ok('write', `${key} is stored, and its checksum confirmed`);
  else yield ofProblem('write', write);

  if (list instanceof Problem) {
    yield list.kind === 'denied' ? listDenied(bucket, prefix, list, write) : ofProblem('list', list);
  } else if (write === undefined && !list) {
    yield failed('list', `${key} was written, but is not in the list.`, 'Wait a minute, then run grunt check again.');
  } else {
    yield ok('list', `${prefix || 'the bucket'} can be listed${list ? `, and ${CHECK_NAME} is there` : ''}`);
  }
}

async function put(bucket: Bucket, key: string, bytes: Buffer): Promise<undefined> {
  const content = { size: bytes.length, read: () => Promise.resolve(bytes) };
  await bucket.put(key, content, { contentType: 'text/plain', metadata: {} });
}

/** Whether the object is listed with this size. Reads one page, which begins right before the object. */
async function isListed(bucket: Bucket, prefix: string, key: string, size: number): Promise<boolean> {
  for await (const page of bucket.list(prefix, key.slice(0, -1))) {
    return page.some((object) => object.key === key && object.size === size);
  }
  return false;
}

function listDenied({ place }: Bucket, prefix: string, { code }: Problem, write: Problem | undefined): Check {
  return failed(
    'list',
    `${place.host} denies the access key ${place.accessKey} to list "${prefix}" in bucket "${place.bucket}" (${code}).`,
    write?.remedy ??
      'Its owner must allow s3:ListBucket. Until then a lost ledger means that every picture is sent again.',
  );
}

/**
 * @returns what `action` resolves with, or the `Problem` that it rejects with.
 */
async function attempt<T>(bucket: Bucket, action: () => Promise<T>): Promise<T | Problem> {
  try {
    return await action();
  } catch (error) {
    return problemOf(error, bucket.place);
  }
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function ok(name: CheckName, detail: string): Check {
  return { name, result: 'ok', detail };
}

function failed(name: CheckName, detail: string, remedy: string): Check {
  return { name, result: 'failed', detail, remedy };
}

function ofProblem(name: CheckName, { message, remedy }: Problem): Check {
  return failed(name, message, remedy);
}

/** The steps from `first` to `last`, as not tried. */
function* notTried(first: CheckName, last: CheckName, why: string): Generator<Check, void> {
  for (const name of NAMES.slice(NAMES.indexOf(first), NAMES.indexOf(last) + 1)) {
    yield { name, result: 'not tried', detail: why };
  }
}
