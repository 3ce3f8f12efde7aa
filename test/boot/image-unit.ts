/** An existing image, with the unit that it has. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pi } from './pi';
import { assert, type Report } from './report';

/** Where a unit of the machine's own lies, from the root. */
export const UNIT = 'etc/systemd/system/cloud.service';

/** The unit of existing images, to the letter. */
export const IMAGE_UNIT = `[Unit]
Description=Sync kerberos.io events

[Service]
Type=oneshot
ExecStart= /usr/bin/forever /usr/bin/grunt --gruntfile /home/cloud/Gruntfile.js sync --force &

[Install]
WantedBy=multi-user.target
`;

/** Has the unit in `root` start at every boot. */
export function enable(root: string): void {
  execFileSync('systemctl', [`--root=${root}`, '--quiet', 'enable', 'cloud.service']);
}

export async function imageUnit(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine } = pi;
  // The unit has no settings of its own and is not to be changed: systemd tells all units where the test's cloud is.
  mkdirSync(join(machine.root, 'etc/systemd/system.conf.d'), { recursive: true });
  machine.write(
    'etc/systemd/system.conf.d/cloud.conf',
    `[Manager]\nDefaultEnvironment=AWS_ENDPOINT_URL=http://127.0.0.1:${pi.line.port}\n`,
  );
  machine.write(UNIT, IMAGE_UNIT);
  enable(machine.root);
  await machine.powerOn();

  await check("the images' own unit, unchanged: booted, it uploads a picture", async () => {
    const picture = pi.picture();
    await pi.gruntRuns(30);
    return pi.arrived(picture);
  });
  await check("the images' own unit holds the boot up, which is why there is another", async () => {
    await sleep(2000);
    const { text } = await machine.run('systemctl is-system-running');
    const state = await pi.property('ActiveState');
    assert(text === 'starting' && state === 'activating', `${text}, ${state}`);
    return `is-system-running: ${text}; cloud.service: ${state}`;
  });
  await check("the images' own unit: a killed grunt is followed by a new one", () => pi.survivesKilledGrunt(10));
  await check("the images' own unit: a stop drains what is in flight", () => pi.stopsDraining('systemctl stop cloud'));
}
