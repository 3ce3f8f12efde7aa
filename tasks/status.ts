/// <reference types="grunt" />
import './lib/node-version.cjs';

import { takeServiceSettings } from './lib/service/environment';
import { flagsOf, isAskedFor, targetsOf } from './lib/settings/grunt-options';
import { readSettings } from './lib/settings/settings';
import { explain, lines, statusOf } from './lib/status';
import { nameOf, PLUGIN } from './lib/task-names';

/**
 * `grunt status` (`sync-status` in other people's Gruntfiles): what `grunt sync` has done, and where one picture is.
 */
export = (grunt: IGrunt): void => {
  const name = nameOf('status', grunt.config.get(PLUGIN));
  if (name === undefined) return;
  const isJson = grunt.option('json') === true;
  // Grunt writes lines of its own before the task runs. In the output they would break the JSON.
  if (isJson && isAskedFor(Reflect.get(grunt, 'cli'), name)) Reflect.set(grunt.log, 'muted', true);

  grunt.registerTask(
    name,
    'Tell what grunt sync has done, is doing, and why a picture is not in the cloud.',
    function () {
      const done = this.async();
      const file: unknown = grunt.option('file');
      show(typeof file === 'string' ? file : undefined).then(done, done);
    },
  );

  async function show(file: string | undefined): Promise<void> {
    const taken = await takeServiceSettings(grunt.option('defaults'), process.env);
    if (taken !== undefined) grunt.log.writeln(taken);
    const targets = targetsOf(grunt.config.get('sync'));
    const flags = flagsOf((name) => grunt.option(name));
    const answers = [];
    for (const { name, options } of targets) {
      const settings = await readSettings({ target: name, options, flags, env: process.env, base: process.cwd() });
      answers.push(await statusOf(name, settings, file));
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
