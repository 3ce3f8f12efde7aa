/// <reference types="grunt" />
import { readSettings, type SyncOptions } from './lib/settings';
import { explain, lines, statusOf } from './lib/status';

export = (grunt: IGrunt): void => {
  const isJson = grunt.option('json') === true;
  // Grunt's own lines would make the output no JSON; they come before the task does.
  if (isJson && isAskedFor(grunt, 'status')) Reflect.set(grunt.log, 'muted', true);

  grunt.registerTask(
    'status',
    'Tell what grunt sync has done, is doing, and why a picture is not in the cloud.',
    function () {
      const done = this.async();
      const file: unknown = grunt.option('file');
      show(typeof file === 'string' ? file : undefined).then(done, done);
    },
  );

  async function show(file: string | undefined): Promise<void> {
    const targets = Object.keys(grunt.config.get('sync') ?? { default: {} }).filter(
      (name) => !/^_|^options$/.test(name),
    );
    const answers = [];
    for (const target of targets) {
      const options: SyncOptions = {
        ...grunt.config.get('sync.options'),
        ...grunt.config.get(`sync.${grunt.config.escape(target)}.options`),
      };
      const settings = await readSettings({ target, options, flags: {}, env: process.env, base: process.cwd() });
      answers.push(await statusOf(target, settings, file));
    }
    if (isJson) {
      process.stdout.write(`${JSON.stringify(answers, undefined, 2)}\n`);
      return;
    }
    for (const answer of answers) {
      const text = file === undefined ? lines(answer) : [explain(answer, file)];
      for (const line of text) grunt.log.writeln(targets.length > 1 ? `${answer.target}: ${line}` : line);
    }
  }
};

/** Whether the task is on the command line. */
function isAskedFor(grunt: IGrunt, task: string): boolean {
  const cli: unknown = Reflect.get(grunt, 'cli');
  const tasks: unknown = typeof cli === 'function' ? Reflect.get(cli, 'tasks') : undefined;
  return Array.isArray(tasks) && tasks.includes(task);
}
