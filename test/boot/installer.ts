/** `npm run install-service`, the one command that replaces the unit of an image, and `npm run uninstall-service`. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE_UNIT, UNIT } from './image-unit';
import { until } from './machine';
import type { Pi } from './pi';
import { assert, type Report } from './report';

export const INSTALL = 'cd /home/cloud && npm run --silent install-service';
const UNINSTALL = 'cd /home/cloud && npm run --silent uninstall-service';

/** Installs over the running unit of an image. */
export async function install(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine, line } = pi;
  mkdirSync(join(machine.root, 'etc/default'), { recursive: true });
  machine.write('etc/default/cloud', `AWS_ENDPOINT_URL=http://127.0.0.1:${line.port}\nSEEN_IN=/etc/default/cloud\n`);
  await pi.does('systemctl start --no-block cloud');
  await pi.gruntRuns(30);
  const uploaded = new Set(line.puts);

  await check('install-service replaces the unit of an image while it runs, and says how to see it work', async () => {
    const picture = await pi.inFlight();
    const said = await pi.does(INSTALL);
    line.heal();
    assert(/See it work:/.test(said), said);
    await until('active', 20, async () => (await pi.property('ActiveState')) === 'active');
    await pi.booted();
    return `${said}\nin flight: ${await pi.arrivedAtOnce(picture)}`;
  });
  await check('install-service, run twice, changes nothing and says so', async () => {
    const forever = await pi.property('MainPID');
    const said = await pi.does(INSTALL);
    assert(/nothing changed/.test(said), said);
    assert((await pi.property('MainPID')) === forever, 'forever was started again');
    return said.split('\n')[0] ?? '';
  });
  await check('the ledger of the old unit is still good: nothing is uploaded twice', async () => {
    const evidence = await pi.arrived(pi.picture());
    const again = line.puts.slice(uploaded.size).filter((path) => uploaded.has(path));
    assert(again.length === 0, `uploaded again: ${again.join(' ')}`);
    return `${uploaded.size} pictures from before were left alone; ${evidence}`;
  });
  await check('the settings of /etc/default/cloud reach grunt', async () => {
    return pi.does(`tr '\\0' '\\n' </proc/${await pi.gruntRuns(10)}/environ | grep SEEN_IN`);
  });
  await check('it runs as a user of its own, who can write the ledger and nothing else', async () => {
    const grunt = await pi.gruntRuns(10);
    const user = await pi.does('id -u kerberos-cloud');
    const status = await pi.does(`grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/${grunt}/status`);
    assert(new RegExp(`^Uid:\t${user}\t`, 'm').test(status) && /CapEff:\t0+$/m.test(status), status);
    const directories = ['/home/cloud/.sync', '/home/cloud', '/tmp', '/var/tmp', `/${pi.capture}`];
    const writable = await pi.does(
      `nsenter --target ${grunt} --mount --setuid ${user} --setgid ${user} /bin/sh -c ` +
        `'for place in ${directories.join(' ')}; do (: >$place/probe) 2>/dev/null && rm $place/probe && echo $place; done; true'`,
    );
    // Its /tmp and /var/tmp are its own (PrivateTmp).
    assert(writable === '/home/cloud/.sync\n/tmp\n/var/tmp', `writable: ${writable}`);
    return `${status.replace(/\s+/g, ' ')}; of ${directories.join(', ')} only the first, and a /tmp of its own, is writable`;
  });
  await check('systemd verifies the unit without a word, and its exposure is below 3', async () => {
    assert((await pi.does(`systemd-analyze verify /${UNIT}`)) === '', 'systemd-analyze verify has something to say');
    const exposure = (await pi.does('systemd-analyze security --no-pager cloud.service')).split('\n').at(-1) ?? '';
    assert(Number(/: ([\d.]+)/.exec(exposure)?.[1]) < 3, exposure);
    return exposure;
  });
}

/** Uninstalls, where an image had a unit of its own. */
export async function uninstall(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  await check(
    'uninstall-service removes what was installed, leaves the ledger, and the image is as it was',
    async () => {
      const said = await pi.does(UNINSTALL);
      const { root } = pi.machine;
      assert(readFileSync(join(root, UNIT), 'utf8') === IMAGE_UNIT, 'the unit of the image is not back');
      assert(!existsSync(join(root, `${UNIT}.before`)), 'the kept unit is still there');
      assert(existsSync(join(root, 'home/cloud/.sync')), 'the ledger is gone');
      assert((await pi.machine.run('id kerberos-cloud')).status !== 0, 'the user is still there');
      return `${said}\n${await pi.arrived(pi.picture())}`;
    },
  );
}
