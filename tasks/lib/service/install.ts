/**
 * `npm run install-service`: makes this machine upload its events, now and after every boot.
 *
 * Finds the paths of the checkout, node, forever and grunt, puts them into cloud.service (or into S87cloud on machines
 * with init scripts), lets systemd verify it, writes, enables and starts it. `-- --dry-run` prints the unit and changes
 * nothing. Exits with 1 if the service could not be installed, and tells what to do instead.
 */
import '../node-version.cjs';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../settings/settings';
import { INIT_SCRIPTS, initScriptsRun, installScript } from './init';
import { findPrograms, SERVICE_USER, unreadableForOthers } from './places';
import { installUnit, systemdRuns } from './systemd';
import { writableByOthers } from './trust';
import { unitFor } from './unit';

const checkout = join(__dirname, '..', '..', '..');

async function main(dryRun: boolean): Promise<void> {
  const byScript = !systemdRuns() && initScriptsRun(INIT_SCRIPTS);
  const template = readFileSync(byScript ? join(__dirname, 'S87cloud') : join(checkout, 'cloud.service'), 'utf8');
  const programs = findPrograms(checkout, process.env.PATH ?? '');
  const isRoot = process.getuid?.() === 0;

  const unreadable = isRoot ? unreadableForOthers(await whatTheServiceReads(programs)) : undefined;
  const user = unreadable === undefined ? SERVICE_USER : 'root';
  const service = unitFor(template, { ...programs, user });
  if (dryRun) return void process.stdout.write(service);

  if (!isRoot) throw new Error(`Only root can install a service. Run: sudo ${process.execPath} ${__filename}`);
  refuseWhatOthersWrite(programs);
  if (!byScript && !systemdRuns()) {
    throw new Error(
      'Neither systemd nor init scripts (/etc/init.d/rcS) start this machine, so there is nothing to install into. ' +
        `What has to be started at boot, and kept running, is: ${programs.node} ${programs.forever} --minUptime 60000 ` +
        `--spinSleepTime 10000 ${programs.grunt} --gruntfile ${checkout}/Gruntfile.js sync --force`,
    );
  }

  const changed = byScript ? installScript(service, INIT_SCRIPTS) : installUnit(service);
  console.log(
    changed.length === 0 ? 'The service is installed and runs: nothing changed.' : changed.map(line).join('\n'),
  );
  if (!byScript && unreadable !== undefined) {
    console.log(`It runs as root, with the right to read and no other, since only root can read ${unreadable}.`);
  }
  console.log('See it work:');
  console.log(
    byScript ? `  ${INIT_SCRIPTS}/S87cloud status, and logread or /var/log/messages` : '  systemctl status cloud',
  );
  if (!byScript) console.log('  journalctl -u cloud -f');
}

/**
 * @throws Error that tells what to do if users other than root can change what the service would run.
 */
function refuseWhatOthersWrite({ node, forever, grunt }: { node: string; forever: string; grunt: string }): void {
  const inCheckout = writableByOthers([checkout]);
  const programs = writableByOthers(
    [node, forever, grunt].filter((program) => !realpathSync(program).startsWith(checkout)),
  );
  if (inCheckout.length > 0) {
    throw new Error(
      `Nothing was installed: at every boot the service would run what others than root can write: ${inCheckout.join(', ')}. ` +
        `Run: sudo chown -R root:root ${checkout} && sudo chmod -R go-w ${checkout}; where a directory above it is named, ` +
        'move the checkout to /home/cloud.',
    );
  }
  if (programs.length > 0) {
    throw new Error(
      `Nothing was installed: at every boot the service would run what others than root can write: ${programs.join(', ')}. ` +
        'Install Node.js for the whole machine (with apt, or into /usr/local), and run npm install again.',
    );
  }
}

function line(change: string): string {
  return `cloud.service: ${change}`;
}

/** The files that a separate user must be able to read; otherwise the service runs as root. */
async function whatTheServiceReads(programs: { node: string; forever: string; grunt: string }): Promise<string[]> {
  const found = await readSettings({ target: 'default', base: checkout });
  const configuration = found.watch.filter((directory) => existsSync(directory));
  const captures =
    found.state === 'ready' ? found.settings.directories.filter((directory) => existsSync(directory)) : [];
  const files = configuration.flatMap((directory) =>
    ['config.xml', 'cloud.xml', 'io.xml'].map((file) => join(directory, file)).filter((file) => existsSync(file)),
  );
  return [
    programs.node,
    programs.forever,
    programs.grunt,
    join(checkout, 'Gruntfile.js'),
    ...configuration,
    ...files,
    ...captures,
  ];
}

main(process.argv.includes('--dry-run')).catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
