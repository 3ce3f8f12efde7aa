/** `git pull && npm install --omit=dev && systemctl restart cloud` on a running Pi. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Pi, Picture } from './pi';
import { assert, type Report } from './report';

export async function update(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  const upstream = mkdtempSync(join(tmpdir(), 'kerberos-upstream-'));
  await check('an update of a running Pi loses no picture, and then runs the new version whole', () =>
    pull(pi, upstream),
  );
  rmSync(upstream, { recursive: true });
}

/** Pictures are taken and grunt is killed all the while; the new version has one task more and one task less. */
async function pull(pi: Pi, upstream: string): Promise<string> {
  const checkout = join(pi.machine.root, 'home/cloud');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: checkout, stdio: 'pipe' });
  const npm = (...args: string[]) => promisify(execFile)('npm', args, { cwd: checkout });
  const task = (version: string) => {
    const source = `export = (grunt: IGrunt): void => void grunt.log.writeln('the ${version} version');\n`;
    writeFileSync(join(checkout, `tasks/${version}.ts`), `/// <reference types="grunt" />\n${source}`);
  };

  task('older');
  git('add', '.');
  git('commit', '--quiet', '--message=older');
  await npm('run', 'prepare');
  await pi.does('systemctl restart cloud');
  git('clone', '--quiet', '--bare', '.', upstream);
  git('rm', '--quiet', 'tasks/older.ts');
  task('newer');
  git('add', '.');
  git('commit', '--quiet', '--message=newer');
  git('push', '--quiet', upstream, 'HEAD:main');
  git('reset', '--quiet', '--hard', 'HEAD~1');
  await pi.gruntRuns(20);

  const pictures: Picture[] = [];
  const camera = setInterval(() => pictures.push(pi.picture()), 200);
  try {
    git('pull', '--quiet', upstream, 'main');
    let installed = false;
    const install = npm('install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline').finally(() => {
      installed = true;
    });
    while (!installed) {
      const [grunt] = await pi.pids('grunt');
      if (grunt !== undefined) await pi.machine.run(`kill -9 ${grunt}`);
      await sleep(500);
    }
    await install;
    const since = await pi.does('date +%s');
    await sleep(1100);
    await pi.does('systemctl restart cloud');
    await pi.gruntRuns(20);
    clearInterval(camera);
    for (const picture of pictures) await pi.arrived(picture, 60);
    const said = (await pi.journal(String(Number(since) + 1))).split('\n').filter((line) => line.includes(' version'));
    assert(said.includes('the newer version') && !said.includes('the older version'), `loaded: ${said.join(', ')}`);
    return `${pictures.length} pictures taken meanwhile are in the bucket; loaded: ${said.join(', ')}, not the deleted task`;
  } finally {
    clearInterval(camera);
  }
}
