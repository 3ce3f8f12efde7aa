/**
 * `npm run uninstall-service`: removes exactly what `npm run install-service` made. The ledger stays, so that nothing
 * is uploaded twice if the service is installed again; `-- --ledger` removes it, too. Exits with 1 if it failed, and
 * tells why.
 */
import '../node-version.cjs';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { INIT_SCRIPTS, initScriptsRun, uninstallScript } from './init';
import { systemdRuns, uninstallUnit } from './systemd';

const checkout = join(__dirname, '..', '..', '..');

function main(withLedger: boolean): void {
  if (process.getuid?.() !== 0) {
    throw new Error(`Only root can uninstall a service. Run: sudo ${process.execPath} ${__filename}`);
  }
  if (!systemdRuns() && !initScriptsRun(INIT_SCRIPTS)) {
    throw new Error('Neither systemd nor init scripts start this machine: there is no service to uninstall.');
  }
  const changed = systemdRuns() ? uninstallUnit(checkout) : uninstallScript(INIT_SCRIPTS);

  const ledger = join(checkout, '.sync');
  if (withLedger && existsSync(ledger)) {
    rmSync(ledger, { recursive: true });
    changed.push(`removed the ledger ${ledger}`);
  }
  console.log(changed.length === 0 ? 'The service is not installed: nothing changed.' : changed.join('\n'));
  if (existsSync(ledger)) console.log(`The ledger ${ledger} is still there; -- --ledger removes it too.`);
}

try {
  main(process.argv.includes('--ledger'));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
