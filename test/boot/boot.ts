/**
 * `npm run test:boot`: from power-on to uploading, on a machine with a real systemd.
 *
 * Boots a fresh Debian root with this project at /home/cloud, first as an old image (its own unit, unchanged, and global
 * forever and grunt), then with the unit that `npm run install-service` writes there, then with cloud.service as it is
 * in the project. A camera takes pictures, the cloud runs beside the machine, and the line between them can be cut and
 * be slow. Each promise is one check, printed with what was seen. Where no machine can be booted it says so, and only
 * verifies the unit. Another Debian than bookworm is booted by `npm run test:boot -- bullseye` (or trixie).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cloud } from './cloud';
import { imageUnit, UNIT } from './image-unit';
import { install, uninstall } from './installer';
import { Line } from './line';
import { Machine } from './machine';
import { footprint, powerCut, powerCycle, supervision } from './our-unit';
import { Pi } from './pi';
import { Report } from './report';
import { configureKerberos, freshRoot, whyNotHere } from './root';
import { update } from './update';

const project = join(__dirname, '..', '..');

async function main(): Promise<void> {
  const why = whyNotHere();
  if (why !== undefined) return verifyOnly(why);

  const data = mkdtempSync(join(tmpdir(), 'kerberos-cloud-'));
  const cloud = new Cloud(project, data);
  await cloud.start();
  const line = new Line(cloud.port);
  await line.up();
  const machine = new Machine(freshRoot(project, process.argv[2] ?? 'bookworm'));
  configureKerberos(machine.root, cloud.account);
  const pi = new Pi(machine, line, cloud);
  const report = new Report(async () => (await machine.run('journalctl -u cloud --no-pager | tail -n 15')).text);
  const check = report.check.bind(report);
  try {
    await imageUnit(pi, { check });
    await install(pi, { check });
    await powerCycle(pi, { check });
    await supervision(pi, { check });
    await footprint(pi, { check });
    await update(pi, { check });
    await powerCut(pi, { check });
    await uninstall(pi, { check });
    await projectUnit(pi, { check });
  } catch (error) {
    report.failed++;
    console.log(`✗ ${error instanceof Error ? error.stack : error}`);
  } finally {
    await machine.powerCut();
    await line.cut();
    await cloud.stop();
    rmSync(machine.root, { recursive: true });
    rmSync(data, { recursive: true });
  }
  console.log(`${report.passed} passed, ${report.failed} failed`);
  process.exitCode = report.failed === 0 ? 0 : 1;
}

/** cloud.service as it is in the project, copied by hand to an image with global forever and grunt. */
async function projectUnit(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  await pi.machine.powerOff();
  copyFileSync(join(project, 'cloud.service'), join(pi.machine.root, UNIT));
  await pi.machine.powerOn();
  await check('cloud.service, copied by hand: booted, it uploads a picture', async () => {
    await pi.booted();
    return `${await pi.property('ActiveState')}; ${await pi.arrived(pi.picture())}`;
  });
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

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
