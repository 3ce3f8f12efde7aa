/// <reference types="grunt" />
import './lib/node-version.cjs';
import { join } from 'node:path';
import { replayDeadLetters } from './lib/cloud/sqs/message-queue';
import { nameOf, PLUGIN } from './lib/task-names';

/**
 * `grunt replay`: lets the cloud on this machine retry the uploads that it gave up; at once if the cloud runs,
 * otherwise when it starts.
 */
export = (grunt: IGrunt): void => {
  if (nameOf('replay', grunt.config.get(PLUGIN)) === undefined) return;
  grunt.registerTask('replay', 'Has the cloud on this machine try again what it gave up.', () => {
    const data = String(grunt.option('data') ?? '.cloud');
    const count = replayDeadLetters(join(data, 'queue'));
    grunt.log.ok(`${count} ${count === 1 ? 'upload' : 'uploads'} of ${data} will be looked at again.`);
  });
};
