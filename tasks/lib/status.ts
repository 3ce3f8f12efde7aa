/** The answer of `grunt status`: from the running `grunt sync`, or from what the last one left on the disk. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ask, controlPath } from './control-socket';
import { kindOf } from './event';
import { leftAlone } from './left-alone';
import { printable } from './printable';
import type { SettingsResult, SyncSettings } from './settings/settings';
import { destinationOf, type TargetStatus } from './target';
import type { Whereabouts } from './upload/progress';
import { openLedger } from './upload/session';

/** The status of a target. `waiting`: the settings do not allow uploads; `why` tells the reason. */
export type Status = {
  target: string;
  /** Which configuration was chosen, if there was a choice. */
  notes: readonly string[];
  /** The files that are never uploaded: a sentence for each reason. */
  leftAlone: readonly string[];
} & (
  | { sync: 'running'; now: TargetStatus; file?: Whereabouts | FileProblem }
  | {
      sync: 'not running';
      uploaded: number;
      pending: number;
      directories: readonly string[];
      destination: string;
      warnings: readonly string[];
      file?: Whereabouts | FileProblem;
    }
  | { sync: 'waiting'; why: string }
);

/** Why a file cannot be uploaded. `no-file`: a link, a directory or a fifo. */
export interface FileProblem {
  is: 'no-event' | 'no-file' | 'missing';
}

/** The status of a target. `file`: name or path of one file to look up, too. */
export async function statusOf(target: string, settings: SettingsResult, file?: string): Promise<Status> {
  const { notes } = settings;
  if (settings.state !== 'ready') {
    const directories = settings.state === 'unsubscribed' ? settings.directories : [];
    return {
      target,
      notes,
      leftAlone: await allLeftAlone(directories),
      sync: 'waiting',
      why: settings.state === 'invalid' ? settings.problems.join('\n') : settings.message,
    };
  }
  const name = file === undefined ? undefined : basename(file);
  const path = controlPath(settings.settings.state, target);
  const answer = await ask(path, name === undefined ? {} : { file: name });
  if (isTargetStatus(answer)) {
    const { file: where, ...now } = answer;
    return {
      target,
      notes: now.notes,
      leftAlone: await allLeftAlone(now.directories),
      sync: 'running',
      now,
      ...(name === undefined ? {} : { file: await whereIs(name, where, now.directories) }),
    };
  }
  return fromDisk(target, settings.settings, settings, name);
}

async function allLeftAlone(directories: readonly string[]): Promise<string[]> {
  const found = await Promise.all(directories.map(leftAlone));
  return found.flat().map(({ text }) => text);
}

async function fromDisk(
  target: string,
  settings: SyncSettings,
  { warnings, notes }: { readonly warnings: readonly string[]; readonly notes: readonly string[] },
  name: string | undefined,
): Promise<Status> {
  const ledger = await openLedger(settings);
  let uploaded = 0;
  let pending = 0;
  for (const directory of settings.directories) {
    for (const each of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      if (kindOf(each.name) === undefined || each.isSymbolicLink() || each.isDirectory()) continue;
      if (ledger.knows(each.name)) uploaded++;
      else pending++;
    }
  }
  const where: Whereabouts = { is: name !== undefined && ledger.knows(name) ? 'uploaded' : 'unknown' };
  return {
    target,
    notes,
    leftAlone: await allLeftAlone(settings.directories),
    sync: 'not running',
    uploaded,
    pending,
    directories: settings.directories,
    destination: destinationOf(settings),
    warnings,
    ...(name === undefined ? {} : { file: await whereIs(name, where, settings.directories) }),
  };
}

async function whereIs(
  name: string,
  where: Whereabouts | undefined,
  directories: readonly string[],
): Promise<Whereabouts | FileProblem> {
  if (where !== undefined && where.is !== 'unknown') return where;
  if (kindOf(name) === undefined) return { is: 'no-event' };
  let isThere = false;
  for (const directory of directories) {
    const stats = await lstat(join(directory, name)).catch(() => undefined);
    if (stats?.isFile()) return { is: 'unknown' };
    isThere ||= stats !== undefined;
  }
  return { is: isThere ? 'no-file' : 'missing' };
}

/** A status as lines for people. Each line is safe to print, whatever files and settings are called. */
export function lines(status: Status): string[] {
  return [...linesOf(status), ...status.notes, ...status.leftAlone].map(printable);
}

function linesOf(status: Status): string[] {
  switch (status.sync) {
    case 'waiting':
      return `Nothing is uploaded: ${status.why}`.split('\n');
    case 'not running':
      return [
        'grunt sync is not running: nothing is uploaded until it is started.',
        `${status.directories.join(' and ')} to ${status.destination}`,
        `uploaded  ${status.uploaded}`,
        `pending   ${status.pending}`,
        ...status.warnings,
      ];
    case 'running':
      return ofRunning(status.now);
  }
}

function ofRunning(status: TargetStatus): string[] {
  const { pid, since, instance, directories, destination, warnings, waiting, uploader } = status;
  const text = [`grunt sync is running (process ${pid}, since ${since}).`];
  if (destination !== undefined) text.push(`${instance || 'Instance'}: ${directories.join(' and ')} to ${destination}`);
  if (waiting !== undefined) text.push(...`Nothing is uploaded: ${waiting}`.split('\n'));
  text.push(...warnings);
  if (uploader === undefined) return text;
  if (uploader.problem !== undefined) {
    const { message, remedy, nextTry } = uploader.problem;
    text.push(`Nothing can be uploaded: ${message} ${remedy} Next try: ${nextTry}.`);
  }
  const { lastSuccess } = uploader;
  return [
    ...text,
    `pending   ${uploader.pending}${uploader.unfinished > 0 ? `, of which ${uploader.unfinished} are still being written` : ''}`,
    `uploaded  ${uploader.uploaded} since the start`,
    `failed    ${uploader.failed}`,
    ...uploader.failures.map(({ why, count, example }) => `          ${count} × ${why} (${example})`),
    `vanished  ${uploader.vanished} (deleted by the disk clean-up before their turn)`,
    ...(uploader.empty > 0 ? [`empty     ${uploader.empty} (nothing was ever written to them)`] : []),
    `last      ${lastSuccess === undefined ? 'nothing yet' : `${lastSuccess.name}, ${lastSuccess.at}`}`,
  ];
}

/** Where a picture is, or why it is not in the cloud: one line, safe to print, whatever the file is called. */
export function explain(status: Status, name: string): string {
  return printable(explanationOf(status, name));
}

function explanationOf(status: Status, name: string): string {
  if (status.sync === 'waiting' || status.file === undefined) {
    return `${name} is not uploaded: ${status.sync === 'waiting' ? status.why : 'nothing is known of it.'}`;
  }
  const { file } = status;
  const blocked = status.sync === 'running' ? status.now.uploader?.problem : undefined;
  const but = blocked === undefined ? '' : ` But nothing can be uploaded now: ${blocked.message} ${blocked.remedy}`;
  switch (file.is) {
    case 'uploaded':
      return `${name} is in the bucket.`;
    case 'sending':
      return `${name} is being uploaded right now.`;
    case 'queued':
      return `${name} waits for its turn; ${file.before} go before it.${but}`;
    case 'unfinished':
      return `${name} is not finished: the camera still writes it, or it was cut short. It is looked at again at ${file.nextLook}.`;
    case 'empty':
      return `${name} is empty (0 bytes): nothing was ever written to it, so there is nothing to upload.`;
    case 'failed':
      return `${name} failed: ${file.message} Next try: ${file.nextTry}.${but}`;
    case 'no-event':
      return `${name} is not an event file: only .jpg, .jpeg, .png and .mp4 are uploaded.`;
    case 'no-file':
      return `${name} is a link or a directory, and these are left alone: only files in the capture directory itself are uploaded.`;
    case 'missing':
      return `${name} is not in the capture directory: the name is another one, or the disk clean-up has deleted it.`;
    case 'unknown':
      return status.sync === 'not running'
        ? `${name} is not uploaded, and grunt sync is not running.`
        : `${name} is in the capture directory and was not noticed yet; a rescan finds it within a minute.`;
  }
}

/** Whether this is the answer of a running `grunt sync`. Dates in it are texts. */
function isTargetStatus(answer: unknown): answer is TargetStatus {
  return typeof answer === 'object' && answer !== null && 'target' in answer && 'pid' in answer;
}
