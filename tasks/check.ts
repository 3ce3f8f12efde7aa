/// <reference types="grunt" />
import './lib/node-version.cjs';
import { flagsOf, isAskedFor, targetsOf } from './lib/settings/grunt-options';
import { nameOf, PLUGIN } from './lib/task-names';

/** `grunt check` (`sync-check` in other people's Gruntfiles): tests each target's connection, step by step. */
export = (grunt: IGrunt): void => {
  const name = nameOf('check', grunt.config.get(PLUGIN));
  if (name === undefined) return;
  const isJson = grunt.option('json') === true;
  // Grunt writes lines of its own before the task runs. In the output they would break the JSON.
  if (isJson && isAskedFor(Reflect.get(grunt, 'cli'), name)) Reflect.set(grunt.log, 'muted', true);

  grunt.registerTask(
    name,
    'Test the connection: configuration, directory, clock, credentials, bucket; and say what to do.',
    function (...target: string[]) {
      const done = this.async();
      const all = targetsOf(grunt.config.get('sync'));
      const name = target.join(':');
      const targets = name === '' ? all : all.filter((each) => each.name === name);
      if (targets.length === 0) {
        grunt.fail.fatal(`sync has no target "${name}"; it has ${all.map((each) => each.name).join(', ')}.`, 3);
      }
      run(targets).then((isWell) => {
        if (isWell) done();
        else if (isJson) process.stdout.write('', () => process.exit(3));
        else grunt.fail.fatal('Not everything is well: see ✗.', 3);
      }, done);
    },
  );

  /**
   * @returns whether every step of every target succeeded.
   */
  async function run(targets: ReturnType<typeof targetsOf>): Promise<boolean> {
    const { check, lines } = await import('./lib/check.js');
    const { readSettings } = await import('./lib/settings/settings.js');
    const { takeServiceSettings } = await import('./lib/service/environment.js');
    const taken = await takeServiceSettings(grunt.option('defaults'), process.env);
    if (taken !== undefined) grunt.log.writeln(taken);
    const flags = flagsOf((name) => grunt.option(name));
    const answers = [];
    for (const { name, options } of targets) {
      if (targets.length > 1) grunt.log.writeln(`${name}:`);
      const checks = [];
      const read = () => readSettings({ target: name, options, flags, env: process.env, base: process.cwd() });
      for await (const each of check(read)) {
        checks.push(each);
        for (const line of lines(each)) grunt.log.writeln(line);
      }
      answers.push({ target: name, ok: checks.every(({ result }) => result !== 'failed'), checks });
    }
    if (isJson) process.stdout.write(`${JSON.stringify(answers, undefined, 2)}\n`);
    return answers.every(({ ok }) => ok);
  }
};
