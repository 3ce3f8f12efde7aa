/** Our tasks, and their names in a Gruntfile. */
import { isRecord } from './record';

/** The tasks, by their names in this repository. */
export const TASK_NAMES = ['sync', 'check', 'status', 'cloud', 'demo', 'replay'] as const;

/** One of our tasks. */
export type TaskName = (typeof TASK_NAMES)[number];

/** The key of a Gruntfile's configuration that tells which of our tasks it gets. */
export const PLUGIN = 'grunt-kerberos-sync';

/**
 * The name of a task in a Gruntfile; `undefined` if the Gruntfile does not get the task. `plugin` is the configuration
 * under `PLUGIN`. This repository gets all tasks under their short names. Other Gruntfiles get the tasks that concern
 * their targets of `sync`, under names that are unlikely to be taken.
 */
export function nameOf(task: TaskName, plugin: unknown): string | undefined {
  if (task === 'sync' || (isRecord(plugin) && plugin.allTasks === true)) return task;
  return task === 'check' || task === 'status' ? `sync-${task}` : undefined;
}

/** Our tasks in a Gruntfile, by their names there. */
export function tasksOf(plugin: unknown): Map<string, TaskName> {
  return new Map(
    TASK_NAMES.flatMap((task) => {
      const name = nameOf(task, plugin);
      return name === undefined ? [] : [[name, task] as const];
    }),
  );
}
