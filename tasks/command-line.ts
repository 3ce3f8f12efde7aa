/// <reference types="grunt" />
import './lib/node-version.cjs';
import { commandLineOf, helpLines, tasksAskedFor, wrongOptions } from './lib/command-line';
import { nameOf, PLUGIN, type TaskName, tasksOf } from './lib/task-names';

/**
 * Registers no task: ends Grunt before any task runs if an option was typed that none of them takes, and adds the
 * tasks' options to the help.
 */
export = (grunt: IGrunt): void => {
  const plugin: unknown = grunt.config.get(PLUGIN);
  const named = tasksOf(plugin);
  const isShared = !named.has('cloud');
  const line = commandLineOf(Reflect.get(grunt, 'cli'), process.argv);
  const asked = tasksAskedFor(line, named);

  if (grunt.option('help')) {
    showHelp();
    return;
  }
  const wrong = wrongOptions(asked, line, isShared);
  if (wrong.length === 0) return;
  // Not through grunt.fail, which `--json` has muted.
  console.error(wrong.join('\n'));
  process.exit(3);

  /** Replaces steps of Grunt's help that come after the loading of this file. */
  function showHelp(): void {
    const help: unknown = Reflect.get(grunt, 'help');
    if (typeof help !== 'object' || help === null) return;
    const footer: unknown = Reflect.get(help, 'footer');
    // For one task, the help is that task's options only.
    const silent = asked.length > 0 ? ['header', 'usage', 'options', 'optionsFooter', 'tasks', 'footer'] : [];
    for (const step of silent) Reflect.set(help, step, () => {});
    Reflect.set(help, 'footer', () => {
      const tasks: readonly TaskName[] = asked.length > 0 ? asked : [...named.values()];
      for (const text of helpLines(tasks, (task) => nameOf(task, plugin) ?? task)) grunt.log.writeln(text);
      grunt.log.writeln(asked.length > 0 ? "Grunt's own options: grunt --help. All are typed as --name=value." : '');
      if (asked.length === 0 && typeof footer === 'function') footer.call(help);
    });
  }
};
