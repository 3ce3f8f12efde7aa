/** The other kinds of machine, each from a fresh clone: what an image, a unit or a Node.js of its own changes. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { enable, IMAGE_UNIT, UNIT } from './image-unit';
import { INSTALL } from './installer';
import { until } from './machine';
import type { Pi } from './pi';
import { assert, type Report } from './report';

/** The key by which the machinery tells instances apart; the service has a /tmp and a /var/tmp of its own. */
const PRODUCT_KEY = 'abcdefghij0123456789ABCDEF';

/** cloud.service as it is in the project, copied by hand. */
export async function unitByHand(pi: Pi, project: string, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine } = pi;
  settings(pi);
  writeFileSync(join(machine.root, 'var/tmp/kerberosio.key'), PRODUCT_KEY);
  copyFileSync(join(project, 'cloud.service'), join(machine.root, UNIT));
  enable(machine.root);
  await machine.powerOn();
  await check(
    'a 1.1.0 image, cloud.service copied by hand to a fresh clone: it boots, uploads, and keeps its ledger',
    async () => {
      await pi.booted();
      const evidence = await pi.arrived(pi.picture(), 60);
      const ledger = await until('a ledger', 20, async () => (await machine.run('ls /home/cloud/.sync/*.ledger')).text);
      const state = await pi.property('ActiveState');
      assert(state === 'active', state);
      return `${state}; ${evidence}; ${ledger}`;
    },
  );
  await check("the service's own /tmp hides what others put there, and not the machinery's product key", async () => {
    const grunt = await pi.gruntRuns(10);
    await pi.does('touch /tmp/somebody-elses');
    const inside = (path: string) => machine.run(`nsenter --target ${grunt} --mount cat ${path}`);
    assert((await inside('/tmp/somebody-elses')).status !== 0, '/tmp is shared');
    const key = (await inside('/var/tmp/kerberosio.key')).text;
    assert(key === PRODUCT_KEY, `the product key reads ${key}`);
    return key;
  });
  await check(
    'grunt status and grunt check, typed into a shell, find the service and the configuration of 1.1.0',
    async () => {
      const status = await pi.does('cd /home/cloud && grunt status --no-color');
      assert(/grunt sync is running/.test(status), status);
      const checked = await pi.does('cd /home/cloud && grunt check --no-color');
      assert(checked.includes('/home/kerberos-io/config'), checked);
      return /grunt sync is running.*/.exec(status)?.[0] ?? '';
    },
  );
}

/** `npm run install-service` where no unit was before. */
export async function unitByInstaller(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine } = pi;
  settings(pi);
  await machine.powerOn();
  await check(
    'npm run install-service on a fresh clone: it uploads at once, and again after the next boot',
    async () => {
      const said = await pi.does(INSTALL);
      const first = await pi.arrived(pi.picture(), 60);
      await machine.powerOff();
      await machine.powerOn();
      await pi.booted();
      return `${said}\n${first}\n${await pi.arrived(pi.picture(), 60)}`;
    },
  );
  await check('install-service refuses a checkout that anybody can write, and says what to type', async () => {
    await pi.does('chmod o+w /home/cloud/tasks/sync.js');
    const { status, text } = await machine.run(INSTALL);
    assert(status === 1 && text.includes('/home/cloud/tasks/sync.js (its mode is 646)'), `${status}: ${text}`);
    const remedy = /sudo (chown .*?) && sudo (chmod \S+ \S+ [^;\s]+)/.exec(text);
    assert(remedy !== null, text);
    await pi.does(`${remedy?.[1]} && ${remedy?.[2]}`);
    assert(/nothing changed/.test(await pi.does(INSTALL)), 'it is refused still');
    return text.split('\n')[0] ?? '';
  });
}

/** KiOS: Buildroot's init, no systemd; the factory configuration without keys beside the live one. */
export async function kiosImage(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine } = pi;
  settings(pi);
  machine.write('etc/inittab', '::sysinit:/etc/init.d/rcS\n::shutdown:/etc/init.d/rcK\n');
  const loop = (action: string, order: string) =>
    `#!/bin/sh\nfor script in $(ls ${order} /etc/init.d/S??* 2>/dev/null); do "$script" ${action}; done\n`;
  mkdirSync(join(machine.root, 'etc/init.d'), { recursive: true });
  machine.write(
    'etc/init.d/rcS',
    `#!/bin/sh\nbusybox syslogd -O /var/log/messages\n${loop('start', '').slice(10)}touch /run/booted\n`,
  );
  machine.write('etc/init.d/rcK', loop('stop', '-r'));
  for (const script of ['rcS', 'rcK']) chmodSync(join(machine.root, 'etc/init.d', script), 0o755);
  // What KiOS does not have.
  await machine.powerOn();
  await check(
    'KiOS: npm run install-service installs S87cloud, which takes the live configuration, not the factory one',
    async () => {
      const said = await pi.does(INSTALL);
      const evidence = await pi.arrived(pi.picture(), 60);
      const checked = await pi.does('cd /home/cloud && grunt check --no-color');
      assert(checked.includes('/data/machinery/config'), checked);
      return `${said}\n${evidence}`;
    },
  );
  await check('KiOS: after a power cut the init script starts it', async () => {
    await machine.powerCut();
    const picture = pi.picture();
    await machine.powerOn();
    return `${await pi.arrived(picture, 60)}; ${await pi.does('/etc/init.d/S87cloud status')}`;
  });
}

/** Debian with its own Node.js, which is too old. */
export async function ownNode(pi: Pi, project: string, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine } = pi;
  const line = /^Node\.js 18\.\S+ cannot run this, it needs .*setup_22\.x.*npm install here again\.$/m;
  settings(pi);
  machine.write(UNIT, IMAGE_UNIT);
  enable(machine.root);
  await machine.powerOn();
  await check("Debian's own Node.js 18: npm install says what to do, and ends with an error", async () => {
    const { status, text } = await machine.run(
      'cd /home/cloud && npm install --omit=dev --offline --no-audit --no-fund',
    );
    assert(status !== 0 && line.test(text), `${status}: ${text}`);
    return line.exec(text)?.[0] ?? '';
  });
  await check("Debian's own Node.js 18: every task says it in one line, and does nothing", async () => {
    for (const task of ['check', 'status', 'sync --once', 'cloud', 'demo', 'replay']) {
      const { status, text } = await machine.run(`cd /home/cloud && grunt ${task}`);
      assert(status === 3 && line.test(text) && !text.includes('\n'), `grunt ${task}: ${status}: ${text}`);
    }
    return 'check, status, sync --once, cloud, demo, replay';
  });
  await check("Debian's own Node.js 18, the images' own unit: said once, and not again and again", () =>
    saidOnce(pi, line),
  );
  await check("Debian's own Node.js 18, cloud.service: said once, and not again and again", async () => {
    copyFileSync(join(project, 'cloud.service'), join(machine.root, UNIT));
    await pi.does('systemctl daemon-reload && systemctl stop cloud && systemctl start cloud');
    return saidOnce(pi, line);
  });
}

async function saidOnce(pi: Pi, line: RegExp): Promise<string> {
  const since = await pi.does('date +%s');
  await pi.does('systemctl restart --no-block cloud');
  const said = await until('the line is in the journal', 40, async () => line.exec(await pi.journal(since))?.[0]);
  await sleep(20_000);
  const times = (await pi.journal(since)).split('\n').filter((each) => line.test(each)).length;
  assert(times === 1, `said ${times} times in 20 s`);
  return said;
}

/** Where the test's cloud is. */
function settings(pi: Pi): void {
  mkdirSync(join(pi.machine.root, 'etc/default'), { recursive: true });
  pi.machine.write('etc/default/cloud', `AWS_ENDPOINT_URL=http://127.0.0.1:${pi.line.port}\n`);
}
