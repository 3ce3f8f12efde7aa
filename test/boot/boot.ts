/**
 * `npm run test:boot`: from power-on to uploading, on machines with a real init.
 *
 * Boots Debian roots, each with a fresh clone of this project at /home/cloud: a 2.8 image with its own unit, unchanged, and
 * then with the unit that `npm run install-service` puts over it; a 1.1.0 image with cloud.service copied by hand; one
 * where install-service finds no unit; KiOS, with init scripts and two configurations; and Debian with its own Node.js 18.
 * A camera takes pictures, the cloud runs beside the machines, and the line between them can be cut and be slow. Each
 * promise is one check, printed with what was seen. Where no machine can be booted it says so, and only verifies the
 * unit. `npm run test:boot -- bullseye` (or trixie) boots another Debian, `-- bookworm kios` one kind alone.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cloud } from './cloud';
import { imageUnit } from './image-unit';
import { install, uninstall } from './installer';
import { kiosImage, ownNode, unitByHand, unitByInstaller } from './kinds';
import { image11, image28, kios } from './layout';
import { Line } from './line';
import { Machine } from './machine';
import { footprint, powerCut, powerCycle, supervision } from './our-unit';
import { Pi } from './pi';
import { Report } from './report';
import { Roots, whyNotHere } from './root';
import { update } from './update';

const project = join(__dirname, '..', '..');

const KINDS = {
  image: { layout: image28, run: oldImage },
  hand: { layout: image11, run: (pi: Pi, report: Pick<Report, 'check'>) => unitByHand(pi, project, report) },
  installer: { layout: image28, run: unitByInstaller },
  kios: { layout: kios, run: kiosImage },
  node: { layout: image28, run: (pi: Pi, report: Pick<Report, 'check'>) => ownNode(pi, project, report) },
} as const;

async function main(suite = 'bookworm', only?: string): Promise<void> {
  const why = whyNotHere();
  if (why !== undefined) return verifyOnly(why);

  const data = mkdtempSync(join(tmpdir(), 'kerberos-cloud-'));
  const cloud = new Cloud(project, data);
  await cloud.start().catch(async (error) => {
    await cloud.stop();
    throw error;
  });
  const line = new Line(cloud.port);
  await line.up();
  const roots = new Roots(project, suite);
  let passed = 0;
  let failed = 0;
  try {
    for (const [kind, { layout, run }] of Object.entries(KINDS)) {
      // Only bookworm has a Node.js that is too old and can say so.
      if ((only !== undefined && kind !== only) || (kind === 'node' && suite !== 'bookworm')) continue;
      const isDebians = kind === 'node';
      const machine = new Machine(
        roots.fresh(isDebians),
        kind === 'kios' ? 'busybox' : 'systemd',
        isDebians ? 'its own' : 'ours',
      );
      const report = new Report(
        async () =>
          (await machine.run('journalctl -u cloud --no-pager | tail -n 15; tail -n 15 /var/log/messages')).text,
      );
      try {
        const pi = new Pi(machine, line, cloud, layout);
        await run(pi, report);
      } catch (error) {
        report.failed++;
        console.log(`✗ ${error instanceof Error ? error.stack : error}`);
      } finally {
        line.heal();
        await machine.powerCut();
        rmSync(machine.root, { recursive: true });
        passed += report.passed;
        failed += report.failed;
      }
    }
  } finally {
    await line.cut();
    await cloud.stop();
    roots.remove();
    rmSync(data, { recursive: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** An image of 2.8 through all that happens to it. */
async function oldImage(pi: Pi, report: Pick<Report, 'check'>): Promise<void> {
  for (const part of [imageUnit, install, powerCycle, supervision, footprint, update, powerCut, uninstall]) {
    await part(pi, report);
  }
}

function verifyOnly(why: string): void {
  try {
    execFileSync('systemd-analyze', ['verify', join(project, 'cloud.service')], { stdio: 'pipe' });
    console.log(`No machine is booted here, since ${why}; systemd-analyze verify accepts cloud.service.`);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const verdict = missing
      ? 'nor is systemd-analyze there'
      : `systemd-analyze verify does not accept cloud.service: ${error}`;
    console.log(`No machine is booted here, since ${why}; ${verdict}.`);
    if (!missing) process.exitCode = 1;
  }
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
