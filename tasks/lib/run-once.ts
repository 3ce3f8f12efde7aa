/** A single pass over a target: `grunt sync --once`, and its preview `grunt sync --no-write`. */
import { once } from 'node:events';
import type { Console, Lines } from './console';
import { claimOrGoWithout, controlPath } from './control-socket';
import { leftAlone } from './left-alone';
import { plural } from './plural';
import { printable } from './printable';
import type { SettingsResult, SyncSettings } from './settings/settings';
import type { LeftBehind } from './upload/progress';
import { type Environment, systemEnvironment } from './upload/session';
import { Uploader } from './upload/uploader';

/** A configuration that is being written is read again at most 25 times. */
const READ_AGAIN = 25;
/** Ms between two attempts to read a configuration that is being written. */
const READ_AGAIN_AFTER = 200;
/** Files that are named for each reason why files were left behind. */
const NAMED = 10;

/** What a pass needs. */
export interface PassOptions {
  /** The target's name. */
  readonly name: string;
  /** Reads the settings. */
  readonly read: () => Promise<SettingsResult>;
  readonly lines: Lines;
  readonly output: Pick<Console, 'reportOf'>;
  /** Ends the pass; running uploads may finish within `grace` ms. */
  readonly interrupt: AbortSignal;
  readonly grace: number;
  /** Receives the uploader once it is open. */
  readonly opened: (uploader: Uploader) => void;
  readonly environment?: Environment;
}

/**
 * Uploads the files that are there, and reports the files that are left behind, with the reasons.
 *
 * @returns whether no file was left behind.
 */
export async function uploadOnce(options: PassOptions): Promise<boolean> {
  const { name, lines, output, interrupt, grace, opened, environment = systemEnvironment } = options;
  const settings = await readyOf(options);
  if (settings === undefined) return false;
  const report = output.reportOf(name, true);
  const claim = await claimOrGoWithout(controlPath(settings.state, name), () => ({}), report);
  if (claim === undefined) {
    lines.warning(
      `${name}: another grunt sync is at work on ${settings.state}. It uploads what is there; see grunt status.`,
    );
    return false;
  }
  const uploader = await Uploader.open(settings, report, { once: true, environment, lease: claim });
  opened(uploader);
  const interrupted = interrupt.aborted ? Promise.resolve() : once(interrupt, 'abort');
  await Promise.race([uploader.start().then(() => uploader.idle()), interrupted]);
  await uploader.stop(grace).catch((error) => lines.warning(`${name}: the ledger cannot be written (${error}).`));
  claim.release();
  const left = uploader.leftBehind();
  const isNested = await tellLeftAlone(settings, options);
  if (left.length > 0) lines.warning(`${name}: ${plural(left.length, 'file')} left behind.`);
  for (const line of reasonsOf(left)) lines.warning(`${name}: ${line}`);
  return left.length === 0 && !isNested;
}

/**
 * Warns about files that are never uploaded (left-alone.ts).
 *
 * @returns whether event files in sub-directories are among them.
 */
async function tellLeftAlone({ directories }: SyncSettings, { name, lines }: PassOptions): Promise<boolean> {
  const found = (await Promise.all(directories.map(leftAlone))).flat();
  for (const { text } of found) lines.warning(`${name}: ${text}`);
  return found.some(({ why }) => why === 'sub-directory');
}

/**
 * Reports what a pass would upload. Makes no request and writes nothing.
 *
 * @returns whether the settings could be used.
 */
export async function tellPlan(options: PassOptions): Promise<boolean> {
  const settings = await readyOf(options);
  if (settings === undefined) return false;
  const { name, lines, output, environment = systemEnvironment } = options;
  const uploader = await Uploader.open(settings, output.reportOf(name, true), { once: true, environment });
  uploader.pause();
  await uploader.start();
  for (const { name: file, key } of uploader.plan()) {
    lines.info(`Would upload ${printable(file)} as ${printable(key)}.`);
  }
  await uploader.stop(0);
  await tellLeftAlone(settings, options);
  return true;
}

/**
 * A line for each reason why files were left behind, the most frequent first, with the names of the first few files.
 */
function reasonsOf(left: readonly LeftBehind[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { name, why } of left) reasons.set(why, [...(reasons.get(why) ?? []), printable(name)]);
  return [...reasons]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([why, names]) => {
      const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
      return `${names.slice(0, NAMED).join(', ')}${more}: ${why}`;
    });
}

async function readyOf({
  name,
  read,
  lines,
  environment = systemEnvironment,
}: PassOptions): Promise<SyncSettings | undefined> {
  let settings = await read();
  for (let times = 0; settings.state === 'unreadable' && times < READ_AGAIN; times++) {
    await new Promise<void>((resolve) => environment.clock.after(READ_AGAIN_AFTER, resolve));
    settings = await read();
  }
  for (const note of settings.notes) lines.info(`${name}: ${note}`);
  if (settings.state === 'ready') {
    for (const warning of settings.warnings) lines.warning(`${name}: ${warning}`);
    return settings.settings;
  }
  lines.warning(`${name}: ${settings.state === 'invalid' ? settings.problems.join('\n') : settings.message}`);
  return undefined;
}
