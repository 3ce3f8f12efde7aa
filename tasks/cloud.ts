/// <reference types="grunt" />
import './lib/node-version.cjs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'bytes';
import { printable } from './lib/printable';
import { nameOf, PLUGIN } from './lib/task-names';

/** The directory of the compiled Lambda. Only its path is used here, so that a Pi neither installs nor compiles it. */
const LAMBDA = join(__dirname, '..', 'lambda');

/** `grunt cloud`: runs the whole cloud on one machine, until it is told to stop. */
export = (grunt: IGrunt): void => {
  if (nameOf('cloud', grunt.config.get(PLUGIN)) === undefined) return;
  grunt.registerTask('cloud', 'Runs the cloud on this machine, for a Pi or for a try.', function () {
    const done = this.async();
    const port = Number(grunt.option('port') ?? 4580);
    const data = String(grunt.option('data') ?? '.cloud');
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      grunt.fail.fatal(`--port=${grunt.option('port')} is not a port: give a number from 0 (any free one) to 65535.`);
    }

    // With any free port for the S3, any free port is right for the application, too.
    const appPort = Number(grunt.option('app-port') ?? (port === 0 ? 0 : 4581));
    if (!Number.isInteger(appPort) || appPort < 0 || appPort > 65_535) {
      grunt.fail.fatal(`--app-port=${grunt.option('app-port')} is not a port: give a number from 0 (any) to 65535.`);
    }

    const quota = grunt.option('quota') === undefined ? undefined : parse(String(grunt.option('quota')));
    if (quota === null || (quota !== undefined && quota <= 0)) {
      grunt.fail.fatal(`--quota=${grunt.option('quota')} is no number of bytes: give one such as 20GB.`);
    }

    const ingest = join(LAMBDA, 'ingest.js');
    const gallery = join(LAMBDA, 'gallery.js');
    const notify = join(LAMBDA, 'notify.js');
    const account = join(LAMBDA, 'account.js');
    const hasLambda = existsSync(ingest) && existsSync(join(LAMBDA, 'node_modules'));

    const run = async () => {
      const { startCloud } = await import('./lib/cloud/cloud.js');
      // Listens from the start, so that an early signal also closes what is still being opened.
      const { onStop } = await import('./lib/stop-signals.js');
      const stopped = new Promise<void>((resolve) => onStop(() => resolve()));
      const lambda = {
        ingest,
        dynamodb: join(LAMBDA, 'local-dynamodb.js'),
        ...(existsSync(gallery) && {
          app: { gallery, notify, port: appPort, ...(existsSync(account) && { account }) },
        }),
        // Whoever has a camera's key chooses the names of pictures.
        tell: (what: string, text: string) =>
          what === 'failed' ? grunt.log.error(printable(text)) : grunt.log.writeln(printable(`${what} ${text}`)),
      };
      const cloud = await startCloud({ data, port, ...(quota ? { quota } : {}), ...(hasLambda ? { lambda } : {}) });
      const { endpoint, bucket, folder, app } = cloud.description;
      grunt.log.ok(`The cloud runs on ${endpoint}, its bucket is ${bucket}.`);
      if (app) grunt.log.ok(`To see what the cameras saw, open ${app.url}; the login is in ${cloud.file}`);
      grunt.log.writeln(`To point a Pi at it, copy bucket, folder, publicKey and privateKey from ${cloud.file}`);
      grunt.log.writeln('into its web interface (Cloud), and start its sync with');
      grunt.log.writeln(`  AWS_ENDPOINT_URL=${endpoint} grunt sync --force`);
      grunt.log.writeln(
        'A Kerberos 2.x that has these keys also sends to the bucket of that name at Amazon. To have it send',
      );
      grunt.log.writeln(
        'here alone, leave its fields empty, and put the four into /etc/default/cloud as SYNC_BUCKET, SYNC_FOLDER,',
      );
      grunt.log.writeln('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
      grunt.log.writeln('It listens on this machine only; lend its port to a Pi with');
      grunt.log.writeln(`  ssh -N -R ${new URL(endpoint).port}:${new URL(endpoint).host} pi@ADDRESS-OF-THE-PI`);
      grunt.log.writeln(`Pictures go to ${folder}/. Ctrl-C stops it; nothing that is stored is lost.`);
      if (!hasLambda) {
        grunt.log.error(
          'The Lambda is not installed here, so uploads are kept and not published: npm run compile installs it.',
        );
      }
      await stopped;
      await cloud.close();
    };
    run().then(
      () => done(),
      (error: unknown) => grunt.fail.fatal(error instanceof Error ? error.message : String(error)),
    );
  });
};
