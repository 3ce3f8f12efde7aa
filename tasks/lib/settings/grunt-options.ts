/** Reads the Gruntfile and the command line for tasks about the targets of `sync`, without Grunt itself. */
import { isRecord } from '../record';
import { flaggedSettings, type SyncOptions } from './table';

/**
 * The targets in the Gruntfile's `sync`, each with its options merged over the common ones; one named `default` if
 * there are none.
 */
export function targetsOf(sync: unknown): { name: string; options: SyncOptions }[] {
  const targets = isRecord(sync) ? sync : { default: {} };
  return Object.entries(targets)
    .filter(([name]) => !/^_|^options$/.test(name))
    .map(([name, target]) => ({ name, options: { ...optionsOf(targets), ...optionsOf(target) } }));
}

/** The settings on the command line (`--name=value`). `option` returns the value of one option. */
export function flagsOf(option: (name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(flaggedSettings().map(({ flag }) => [flag, option(flag)]));
}

/** Whether the command line names the task, or a target of it. `cli` is `grunt.cli`. */
export function isAskedFor(cli: unknown, task: string): boolean {
  const tasks: unknown = typeof cli === 'function' ? Reflect.get(cli, 'tasks') : undefined;
  return Array.isArray(tasks) && tasks.some((name) => name === task || `${name}`.startsWith(`${task}:`));
}

function optionsOf(target: unknown): SyncOptions {
  return isRecord(target) && isRecord(target.options) ? target.options : {};
}
