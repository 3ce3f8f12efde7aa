/// <reference types="grunt" />
import './lib/node-version.cjs';
import { type FSWatcher, watch as watchDirectory } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Console, type Lines } from './lib/console';
import { codeOf } from './lib/error-code';
import { tellPlan, uploadOnce } from './lib/run-once';
import { flagsOf } from './lib/settings/grunt-options';
import { readSettings, type SyncOptions } from './lib/settings/settings';
import { onStop } from './lib/stop-signals';
import { Target } from './lib/target';
import type { UploaderStatus } from './lib/upload/progress';
import type { Uploader } from './lib/upload/uploader';

/** Ms that running uploads have to finish when `grunt sync` is told to stop. */
const GRACE = 10_000;
/**
 * Ms between two looks of grunt-contrib-watch at each configuration file. The kernel reports their changes at once; this
 * finds what it does not report (on a network directory). Looking twice a second would be most of what an idle task does.
 */
const CONFIG_INTERVAL = 10_000;

/** `grunt sync`: uploads the event files of every target, until it is told to stop. */
export = (grunt: IGrunt): void => {
  const targets: Target[] = [];
  const watched = new Set<string>();
  const watchers = new Map<string, FSWatcher>();
  const passes: Promise<boolean>[] = [];
  let output: Console | undefined;

  grunt.registerMultiTask('sync', 'Upload the event files of a Kerberos instance to its bucket.', function () {
    const name = this.target;
    const options = this.options<SyncOptions>({});
    const read = () =>
      readSettings({
        target: name,
        options,
        flags: flagsOf((flag) => grunt.option(flag)),
        env: process.env,
        base: process.cwd(),
      });
    const done = this.async();
    const isLast = !hasTargetsToCome(grunt);

    if (grunt.option('once') || grunt.option('write') === false) {
      passes.push(onePass(name, read));
      if (!isLast) return void done();
      Promise.all(passes).then(
        (passed) => (passed.every(Boolean) ? done() : grunt.fail.fatal('Files were left behind.', 3)),
        (error: unknown) => grunt.fail.fatal(error instanceof Error ? error.message : String(error), 3),
      );
      return;
    }

    output ??= begin();
    const target = new Target(name, { read, report: output.reportOf(name, isLast && targets.length === 0) });
    targets.push(target);
    target.start().then((directories) => {
      for (const directory of directories) watched.add(directory);
      // Grunt runs one task after another, and sync never ends: targets go on working in the background, and Grunt is
      // kept running by the last task in the queue, grunt-contrib-watch on the configuration files.
      if (isLast && !watch()) return;
      done();
    });
  });

  async function onePass(name: string, read: () => ReturnType<typeof readSettings>): Promise<boolean> {
    const interrupt = new AbortController();
    onStop(() => interrupt.abort());
    const uploaders: Uploader[] = [];
    const lines = linesOf(grunt);
    const passOutput = consoleOf(() => uploaders.map((uploader) => uploader.status()));
    const opened = (uploader: Uploader) => void uploaders.push(uploader);
    const pass = grunt.option('write') === false ? tellPlan : uploadOnce;
    const isWhole = await pass({
      name,
      read,
      lines,
      output: passOutput,
      interrupt: interrupt.signal,
      grace: GRACE,
      opened,
    });
    passOutput.close();
    return isWhole;
  }

  function consoleOf(statuses: () => readonly UploaderStatus[]): Console {
    return new Console(linesOf(grunt), process.stdout.isTTY === true, statuses);
  }

  function begin(): Console {
    onStop(
      (signal) => {
        if (signal === 'SIGINT')
          linesOf(grunt).info('Stopping: what is on its way is finished. Ctrl-C again ends it at once.');
        void stop();
      },
      {
        reload: () => {
          for (const target of targets) target.reload();
        },
      },
    );
    return consoleOf(() => targets.flatMap((target) => target.status().uploader ?? []));
  }

  let stopping: Promise<void> | undefined;
  function stop(): Promise<void> {
    stopping ??= Promise.allSettled(targets.map((target) => target.stop(GRACE))).then((results) => {
      output?.close();
      for (const result of results) if (result.status === 'rejected') grunt.log.error(`The ledger: ${result.reason}`);
      process.exit(0);
    });
    return stopping;
  }

  /**
   * Starts grunt-contrib-watch on the configuration files, which also keeps Grunt running. Without a free inotify watch
   * it would end the process, so then it is not started; the caller keeps Grunt running, and targets read their
   * settings again at intervals.
   *
   * @returns whether it was started.
   */
  function watch(): boolean {
    const unwatchable = [...watched].find((directory) => !isWatched(directory));
    if (unwatchable !== undefined) {
      linesOf(grunt).warning(
        `The kernel gives no watch on ${unwatchable}: new settings are found within half a minute. ` +
          'Remedy: sysctl fs.inotify.max_user_watches=65536 fs.inotify.max_user_instances=512',
      );
      return false;
    }
    grunt.loadTasks(join(dirname(require.resolve('grunt-contrib-watch/package.json')), 'tasks'));
    // gaze reports files that appear later only for patterns relative to its cwd. Where no file matches a pattern yet,
    // it must also be given the directory itself (and then reports the directory's neighbours, too).
    const files = [...watched].flatMap((directory) => {
      const path = relative('/', directory);
      const pattern = `${path}/*.xml`;
      return grunt.file.expand({ cwd: '/' }, pattern).length > 0 ? [pattern] : [path, pattern];
    });
    const events: unknown = grunt.config.get('watch.events');
    grunt.config.set('watch', {
      options: { dateFormat: () => {} },
      kerberos: { files, tasks: [], options: { cwd: '/', interval: CONFIG_INTERVAL } },
      ...(events === undefined ? {} : { events }),
    });
    grunt.event.on('watch', (_action: unknown, path: unknown, target: unknown) => {
      for (const each of targets) {
        if (target === 'events' && typeof path === 'string') each.notice(resolve(path));
        else if (target === 'kerberos') each.reload();
      }
      // A directory of configurations may have been made just now.
      if (target === 'kerberos') for (const directory of watched) isWatched(directory);
    });
    grunt.task.run('watch');
    return true;
  }

  /**
   * Has the kernel tell of changes in a directory of configurations. False if inotify has no watch left; a directory that
   * is not there is found later.
   */
  function isWatched(directory: string): boolean {
    if (watchers.has(directory)) return true;
    try {
      const watcher = watchDirectory(directory, { persistent: false }, (_event, name) => {
        // inotify reports the end of the directory under the directory's own name.
        if (name === basename(directory)) end();
        if (name === null || name.endsWith('.xml')) for (const each of targets) each.reload();
      });
      const end = () => {
        watcher.close();
        watchers.delete(directory);
      };
      watchers.set(directory, watcher.on('error', end));
      return true;
    } catch (error) {
      return !['ENOSPC', 'EMFILE', 'ENFILE'].includes(codeOf(error));
    }
  }
};

/** Whether Grunt has more targets of sync to run. Grunt has no API for that, so this reads its queue. */
function hasTargetsToCome(grunt: IGrunt): boolean {
  const queue: unknown = Reflect.get(grunt.task, '_queue');
  return Array.isArray(queue) && queue.some((item) => item?.task?.name === 'sync');
}

/** Grunt's log. In a file, each line begins with the time (ISO 8601 UTC). */
function linesOf(grunt: IGrunt): Lines {
  const time = () => (process.stdout.isTTY ? '' : `${new Date().toISOString()} `);
  return {
    info: (text) => void grunt.log.writeln(time() + text),
    warning: (text) => void grunt.log.error(time() + text),
    verbose: (text) => void grunt.log.verbose.writeln(time() + text),
  };
}
