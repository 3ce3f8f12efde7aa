import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { placeCompiled } from '../../../tasks/lib/service/install-compiled';

const project = join(__dirname, '..', '..', '..');

describe('placing what was compiled', () => {
  let checkout = '';
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'place-'));
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  function write(file: string, content = ''): void {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    writeFileSync(join(checkout, file), content);
  }

  it('puts each file beside its source and leaves no staging directory', () => {
    write('tasks/lib/a.ts');
    write('.compiled/Gruntfile.js', 'gruntfile');
    write('.compiled/tasks/lib/a.js', 'a');
    placeCompiled(join(checkout, '.compiled'), checkout);
    expect(readFileSync(join(checkout, 'Gruntfile.js'), 'utf8')).to.equal('gruntfile');
    expect(readFileSync(join(checkout, 'tasks/lib/a.js'), 'utf8')).to.equal('a');
    expect(existsSync(join(checkout, '.compiled'))).to.equal(false);
  });

  it('places libraries before tasks and the Gruntfile last', () => {
    for (const file of ['Gruntfile', 'tasks/sync', 'tasks/lib/a']) write(`${file}.ts`);
    for (const file of ['Gruntfile', 'tasks/sync', 'tasks/lib/a']) write(`.compiled/${file}.js`, 'new');
    const { placed } = placeCompiled(join(checkout, '.compiled'), checkout);
    expect(placed).to.deep.equal(['tasks/lib/a.js', 'tasks/sync.js', 'Gruntfile.js']);
  });

  it('removes the compiled file of a task whose source is gone, and no other', () => {
    for (const file of ['tasks/sync.ts', 'tasks/sync.js', 'tasks/renamed.js', 'tasks/lib/S87cloud']) write(file);
    write('.compiled/tasks/sync.js', 'new');
    const { removed } = placeCompiled(join(checkout, '.compiled'), checkout);
    expect(removed).to.deep.equal(['tasks/renamed.js']);
    expect(readdirSync(join(checkout, 'tasks')).sort()).to.deep.equal(['lib', 'sync.js', 'sync.ts']);
  });

  it('leaves a file alone that did not change', () => {
    for (const file of ['tasks/sync.ts', 'tasks/sync.js', '.compiled/tasks/sync.js']) write(file);
    const before = statSync(join(checkout, 'tasks/sync.js')).ino;
    expect(placeCompiled(join(checkout, '.compiled'), checkout).placed).to.deep.equal([]);
    expect(statSync(join(checkout, 'tasks/sync.js')).ino).to.equal(before);
  });
});

describe('npm install on a running Pi', function () {
  this.timeout(120_000);
  let checkout = '';

  before(async () => {
    checkout = mkdtempSync(join(tmpdir(), 'update-'));
    for (const file of ['package.json', 'tsconfig.json', 'tasks/lib/node-version.cjs'])
      cpSync(join(project, file), join(checkout, file));
    // As after `npm install --omit=dev`: the compiler is there, the types of node and grunt are not.
    mkdirSync(join(checkout, 'node_modules'));
    for (const name of ['.bin', 'typescript']) {
      symlinkSync(join(project, 'node_modules', name), join(checkout, 'node_modules', name));
    }
    for (const file of ['install-compiled.ts', 'tsconfig.install.json']) {
      cpSync(join(project, 'tasks/lib/service', file), join(checkout, 'tasks/lib/service', file));
    }
    writeSources('old');
    expect(await ended(prepare())).to.equal(0);
  });
  after(() => rmSync(checkout, { recursive: true }));

  /** Thirty modules, all of one version, so that a mixture shows. */
  function writeSources(version: string): void {
    for (let i = 0; i < 30; i++)
      writeFileSync(join(checkout, `tasks/lib/m${i}.ts`), `export const is = '${version}';\n`);
    writeFileSync(join(checkout, 'tasks/sync.ts'), `export const is = '${version}';\n`);
    const gruntfile = `/// <reference types="grunt" />\nimport 'node:fs';\nexport const is = '${version}';\n`;
    writeFileSync(join(checkout, 'Gruntfile.ts'), gruntfile);
  }

  function prepare(): ChildProcess {
    return spawn('npm', ['run', 'prepare'], { cwd: checkout, stdio: 'ignore', detached: true });
  }

  async function ended(child: ChildProcess): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  /** The versions that grunt would load now; a file that is not whole counts as 'broken'. */
  function versions(): string[] {
    const files = ['Gruntfile.js', 'tasks/sync.js', ...Array.from({ length: 30 }, (_, i) => `tasks/lib/m${i}.js`)];
    const found = files.map((file) => /is = '(\w+)';\s*$/.exec(readFileSync(join(checkout, file), 'utf8'))?.[1]);
    return [...new Set(found.map((version) => version ?? 'broken'))];
  }

  it('leaves the old version whole when it is killed while it compiles', async () => {
    writeSources('new');
    // Later it may be done compiling, and be putting the files in their places.
    for (const moment of ['first file', 150, 300, 450]) {
      const seen = typeof moment === 'number' ? sleep(moment) : firstCompiled();
      const child = prepare();
      await seen;
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended(child);
      expect(versions(), `killed at ${moment}`).to.have.lengthOf(1);
    }
  });

  it('leaves the old version whole when the new one does not compile', async () => {
    await ended(prepare());
    const before = versions();
    writeSources('later');
    writeFileSync(join(checkout, 'tasks/sync.ts'), 'export const is = ;\n');
    expect(await ended(prepare())).to.be.greaterThan(0);
    expect(versions()).to.deep.equal(before);
  });

  it('brings the new version whole when it is run again', async () => {
    writeSources('newest');
    expect(await ended(prepare())).to.equal(0);
    expect(versions()).to.deep.equal(['newest']);
  });

  /** Resolves once tsc has written its first file. */
  async function firstCompiled(): Promise<void> {
    const watcher = watch(checkout);
    for await (const _ of everyChange(watcher)) if (existsSync(join(checkout, '.compiled'))) break;
    watcher.close();
  }
});

async function* everyChange(watcher: ReturnType<typeof watch>): AsyncGenerator<void> {
  while (true) {
    await once(watcher, 'change');
    yield;
  }
}
