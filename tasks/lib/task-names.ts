/** Our tasks, and what they are called in a Gruntfile. */
import { isRecord } from './record';

/** The tasks by the names that they have in this repository. */
export const TASK_NAMES = ['sync', 'check', 'status', 'cloud', 'demo', 'replay'] as const;

export type TaskName = (typeof TASK_NAMES)[number];

/** The key of a Gruntfile's configuration that says which of our tasks it gets. */
export const PLUGIN = 'grunt-kerberos-sync';

/**
 * What a task is called in a Gruntfile; undefined where it is not there. `plugin` is what its configuration has under
 * `PLUGIN`. This repository's own asks for all tasks by their short names; any other gets what concerns its targets of
 * `sync`, under names that it has hardly given to something else.
 */
export function nameOf(task: TaskName, plugin: unknown): string | undefined {
  if (task === 'sync' || (isRecord(plugin) && plugin.allTasks === true)) return task;
  return task === 'check' || task === 'status' ? `sync-${task}` : undefined;
}

/** Our tasks in a Gruntfile, by what they are called there. */
export function tasksOf(plugin: unknown): Map<string, TaskName> {
  return new Map(
    TASK_NAMES.flatMap((task) => {
      const name = nameOf(task, plugin);
      return name === undefined ? [] : [[name, task] as const];
    }),
  );
}
