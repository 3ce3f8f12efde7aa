import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { controlPath } from '../tasks/lib/control-socket';
import { FaultyProxy } from './faulty-proxy';
import { eventName, Grunt, Instance, ROOT, startBucket } from './kerberos';
import { Marked } from './processes';
import { GRUNT, Terminal } from './terminal';
import { until } from './until';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

describe('a signal', function () {
  this.timeout(120_000);
  let instance: Instance;
  let marked: Marked;
  /** Takes connections and never answers. */
  let deaf: Server;
  let env: Record<string, string>;
  /** Without a terminal of its own, whatever the tests run in. */
  const apart = ['setsid'];

  beforeEach(async () => {
    instance = await Instance.make();
    marked = new Marked();
    deaf = createServer().listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const address = deaf.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    env = {
      ...marked.env,
      KERBEROS_CONFIG: instance.config,
      SYNC_STATE: instance.state,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    };
  });
  afterEach(async () => {
    marked.kill();
    deaf.close();
    await instance.remove();
  });

  for (const signal of SIGNALS) {
    it(`${signal} ends grunt check, which waits for an answer, at once`, async () => {
      const grunt = new Grunt(['check'], env, apart);
      await once(deaf, 'connection');
      grunt.process.kill(signal);
      expect(await grunt.ended()).to.equal(signal);
      await marked.gone();
    });

    it(`${signal} ends grunt status, which waits for an answer, at once`, async () => {
      const sync = createServer();
      await once(sync.listen(controlPath(instance.root, 'default')), 'listening');
      const grunt = new Grunt(['status'], { ...env, SYNC_STATE: instance.root }, apart);
      await once(sync, 'connection');
      grunt.process.kill(signal);
      expect(await grunt.ended()).to.equal(signal);
      sync.close();
      await marked.gone();
    });

    it(`${signal} ends grunt replay`, async () => {
      const grunt = new Grunt(['replay', `--data=${instance.root}`], env, apart);
      await until(() => marked.alive().some(({ command }) => command.includes('grunt')), 'grunt runs', 60_000);
      grunt.process.kill(signal);
      // It may have been done already.
      expect(await grunt.ended()).to.be.oneOf([signal, 0]);
      await marked.gone();
    });

    it(`${signal} ends grunt cloud in order, with all its processes`, async () => {
      const grunt = new Grunt(['cloud', '--port=0', `--data=${join(instance.root, 'cloud')}`], env, apart);
      await grunt.says(/The cloud runs on/, 60_000);
      expect(marked.alive().length).to.be.greaterThan(1);
      // As Ctrl-C and a terminal do: to all of them at once.
      for (const { pid } of marked.alive()) process.kill(pid, signal);
      expect(await grunt.ended()).to.equal(0);
      await marked.gone();
    });

    it(`${signal} ends grunt sync --once although nobody answers, and says that files are left behind`, async () => {
      await instance.picture(eventName(1));
      const grunt = Grunt.sync(instance, { endpoint: env.AWS_ENDPOINT_URL ?? '' }, ['--once'], marked.env, apart);
      await once(deaf, 'connection');
      grunt.process.kill(signal);
      expect(await grunt.ended()).to.equal(3);
      expect(grunt.output).to.match(/1 file left behind/);
      await marked.gone();
    });
  }

  it('a second Ctrl-C ends grunt sync at once, though it was told to finish what is on its way', async () => {
    const data = await mkdtemp(join(tmpdir(), 's3-'));
    const s3 = await startBucket(data);
    const line = await FaultyProxy.start(s3.endpoint);
    // What is put is never answered.
    line.fault = ({ method }) => method === 'PUT';
    await instance.picture(eventName(1));
    const grunt = Grunt.sync(instance, line, [], marked.env, apart);
    try {
      await until(() => line.requests.some((request) => request.startsWith('PUT')), 'an upload', 60_000);
      grunt.process.kill('SIGINT');
      await grunt.says('Ctrl-C again ends it at once');
      await wait(700);
      expect(grunt.process.exitCode).to.equal(null);
      grunt.process.kill('SIGINT');
      expect(await grunt.ended()).to.equal(130);
      await marked.gone();
    } finally {
      await grunt.kill();
      await line.close();
      await s3.close();
      await rm(data, { recursive: true });
    }
  });

  it('SIGHUP has grunt sync read its settings again where there is no terminal, and nothing ends', async () => {
    const grunt = Grunt.sync(instance, { endpoint: env.AWS_ENDPOINT_URL ?? '' }, [], marked.env, apart);
    await grunt.says(/Uploading/, 60_000);
    for (const _ of [1, 2]) grunt.process.kill('SIGHUP');
    await wait(1500);
    expect(grunt.process.exitCode ?? grunt.process.signalCode).to.equal(null);
    expect(await grunt.stop()).to.equal(0);
  });

  describe('a terminal that closes', () => {
    let terminal: Terminal;
    afterEach(() => terminal.close());

    it('ends grunt sync', async () => {
      terminal = new Terminal(`${GRUNT} sync --force`, env);
      await terminal.says(/Uploading/, 60_000);
      await terminal.close();
      await marked.gone();
    });

    it('ends grunt sync also where its output goes elsewhere', async () => {
      const log = join(instance.root, 'log');
      terminal = new Terminal(`${GRUNT} sync --force >'${log}' 2>&1 </dev/null`, env);
      await until(() => /Uploading/.test(existsSync(log) ? readFileSync(log, 'utf8') : ''), 'it works', 60_000);
      await terminal.close();
      await marked.gone();
    });

    it('ends grunt demo with its cloud and its syncs', async () => {
      terminal = new Terminal(`${GRUNT} demo --data='${join(instance.root, 'demo')}'`, marked.env);
      await terminal.says(/log in as/, 90_000);
      expect(marked.alive().length).to.be.greaterThan(3);
      await terminal.close();
      await marked.gone(60_000);
    });

    it('ends mocha, as npm test runs it, with its workers and what the tests have started', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'hang-up-'));
      for (const each of ['a', 'b']) await writeFile(join(directory, `${each}.test.js`), TEST_THAT_RUNS_SYNC);
      const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
      terminal = new Terminal(
        `'${process.execPath}' '${mocha}' --no-config --parallel --jobs 2 '${directory}/*.test.js'`,
        marked.env,
      );
      const isThere = (each: string) => existsSync(join(directory, `${each}.test.js.runs`));
      await until(
        () => isThere('a') && isThere('b'),
        () => `both tests run: ${terminal.output}`,
        90_000,
      );
      await terminal.close();
      await marked.gone();
      await rm(directory, { recursive: true });
    });
  });

  it('a second Ctrl-C ends grunt demo at once, with its cloud and its syncs', async () => {
    const terminal = new Terminal(`${GRUNT} demo --data='${join(instance.root, 'demo')}'`, marked.env);
    try {
      await terminal.says(/log in as/, 90_000);
      terminal.type('\x03');
      await terminal.says(/Stopping/);
      await wait(700);
      terminal.type('\x03');
      await marked.gone(5000);
    } finally {
      await terminal.close();
    }
  });
});

/** A test, for a mocha of its own, that starts `grunt sync` and waits for its end. */
const TEST_THAT_RUNS_SYNC = `
const { Grunt, Instance } = require(${JSON.stringify(join(ROOT, 'test/kerberos.js'))});
const { writeFileSync } = require('node:fs');
it('runs', async function () {
  this.timeout(0);
  const instance = await Instance.make();
  const { KERBEROS_TEST_MARK } = process.env;
  const grunt = Grunt.sync(instance, { endpoint: 'http://127.0.0.1:9' }, [], { KERBEROS_TEST_MARK });
  await grunt.says(/Uploading/, 60000);
  writeFileSync(__filename + '.runs', '');
  await grunt.ended();
});
`;
