/// <reference types="grunt" />
import './lib/node-version.cjs';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onStop } from './lib/stop-signals';
import { nameOf, PLUGIN } from './lib/task-names';

/** `grunt demo`: a cloud, a camera and `grunt sync` between them, in a temporary folder, until Ctrl-C. */
export = (grunt: IGrunt): void => {
  if (nameOf('demo', grunt.config.get(PLUGIN)) === undefined) return;
  grunt.registerTask('demo', 'Runs a cloud, a camera and grunt sync on this machine, to see them work.', function () {
    const done = this.async();
    const children: ChildProcess[] = [];
    const stop = new AbortController();
    onStop(() => stop.abort(), { abandon: () => children.forEach((child) => void child.kill('SIGKILL')) });
    run(stop.signal, children).then(
      (isWhole) => (isWhole ? done() : grunt.fail.fatal('Pictures are missing from the bucket.', 3)),
      (error: unknown) => grunt.fail.fatal(error instanceof Error ? error.message : String(error), 3),
    );
  });

  async function run(signal: AbortSignal, children: ChildProcess[]): Promise<boolean> {
    const { runDemo } = await import('./lib/demo/demo.js');
    const { Display } = await import('./lib/demo/display.js');
    const kept: unknown = grunt.option('data');
    const data = typeof kept === 'string' ? kept : await mkdtemp(join(tmpdir(), 'kerberos-demo-'));
    const gruntfile = grunt.option('gruntfile') ?? join(process.cwd(), 'Gruntfile.js');
    const program = join(require.resolve('grunt/package.json'), '..', 'bin', 'grunt');
    const display = new Display({
      isTerminal: process.stdout.isTTY === true,
      isVerbose: grunt.option('verbose') === true,
      // A terminal that does not know its size says 0.
      columns: () => process.stdout.columns || 80,
      write: (text) => void process.stdout.write(text),
    });
    grunt.log.writeln(`Everything is in ${data}. Ctrl-C stops it.`);
    try {
      return await runDemo(
        {
          data,
          grunt: [process.execPath, program, '--gruntfile', String(gruntfile), '--no-color'],
          started: (child) => void children.push(child),
          port: Number(grunt.option('port') ?? 0),
          day: grunt.option('day') === 'windy' ? 'windy' : undefined,
          display,
        },
        signal,
      );
    } finally {
      display.close();
      if (typeof kept !== 'string') await rm(data, { recursive: true, force: true });
    }
  }
};
