/** What happens on a Pi: to the process, its ledger, the disk, the directory, the clock. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NO_SUBSCRIPTION, SUBSCRIPTION } from '../kerberos';
import { type Fault, needsRoot, noProgram } from './fault';
import type { World } from './world';

export const piFaults: readonly Fault[] = [
  {
    name: 'kill -9',
    strike: async (world) => {
      const times = 3;
      for (let i = 0; i < times; i++) {
        await wait(world.random.between(300, 1_500));
        await world.kill();
        world.start();
      }
      return times;
    },
  },
  {
    name: 'SIGSTOP, and on',
    strike: async (world) => {
      for (let i = 0; i < 3; i++) {
        await wait(world.random.between(200, 800));
        world.grunt?.process.kill('SIGSTOP');
        await wait(world.random.between(200, 800));
        world.grunt?.process.kill('SIGCONT');
      }
      return 3;
    },
  },
  {
    name: 'a second grunt sync takes over from one that was stopped',
    strike: async (world) => {
      const first = world.grunt;
      first?.process.kill('SIGSTOP');
      world.start();
      await wait(4_000);
      first?.process.kill('SIGCONT');
      await wait(1_000);
      return 1;
    },
    patience: 90_000,
  },
  ledgerFault('ledger cut', async (path, world) => {
    const { length } = await readFile(path);
    await truncate(path, world.random.between(0, length));
  }),
  ledgerFault('ledger with flipped bits', async (path, { random }) => {
    const bytes = await readFile(path);
    for (let i = 0; i < 5 && bytes.length > 0; i++) {
      const at = random.between(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
    }
    await writeFile(path, bytes);
  }),
  ledgerFault('ledger with a page of zeros at its end', async (path) => {
    const file = await open(path, 'a');
    await file.write(Buffer.alloc(4096));
    await file.close();
  }),
  ledgerFault('ledger deleted', (path) => unlink(path)),
  {
    name: 'disk full under the ledger',
    missing: needsRoot,
    prepare: (world) => mountState(world, '64k'),
    strike: async (world) => {
      const filler = join(world.instance.state, 'filler');
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k', 'count=1000'], { stdio: 'ignore' });
      await wait(2_000);
      await rm(filler, { force: true });
      return 1;
    },
    mend: async (world) => {
      await wait(500);
      await world.kill();
      world.start();
    },
  },
  {
    name: 'ledger on a disk that turns read-only',
    missing: needsRoot,
    prepare: (world) => mountState(world, '1m'),
    strike: async (world) => {
      await wait(500);
      execFileSync('mount', ['-o', 'remount,ro', world.instance.state]);
      await wait(2_000);
      execFileSync('mount', ['-o', 'remount,rw', world.instance.state]);
      return 1;
    },
    mend: async (world) => {
      await wait(500);
      await world.kill();
      world.start();
    },
  },
  {
    name: 'few open files (22)',
    missing: () => noProgram('prlimit'),
    prepare: async (world) => {
      world.through = ['prlimit', '--nofile=22'];
    },
    strike: async () => {
      await wait(2_000);
      return 1;
    },
  },
  ...['watches', 'instances'].map(
    (what): Fault => ({
      name: `no inotify ${what} to be had`,
      missing: () => needsRoot() ?? noProgram('unshare'),
      prepare: async (world) => {
        const limit = `echo 0 >/proc/sys/user/max_inotify_${what}; exec "$@"`;
        world.through = ['unshare', '--user', '--map-root-user', 'sh', '-c', limit, 'sh'];
      },
      strike: async () => {
        await wait(2_000);
        return 1;
      },
      patience: 120_000,
    }),
  ),
  {
    name: 'capture directory removed, and made anew',
    strike: async (world) => {
      world.excuse(await world.names());
      await rm(world.instance.capture, { recursive: true, force: true });
      await wait(world.random.between(100, 1_500));
      await mkdir(world.instance.capture);
      return 1;
    },
    patience: 90_000,
  },
  {
    name: 'capture directory replaced by a rename',
    strike: async (world) => {
      const { capture } = world.instance;
      const other = `${capture}.other`;
      await mkdir(other);
      await rename(capture, `${capture}.old`);
      await rename(other, capture);
      for (const name of await readdir(`${capture}.old`))
        await rename(join(`${capture}.old`, name), join(capture, name));
      return 1;
    },
    patience: 90_000,
  },
  {
    name: 'a file system mounted over the capture directory, and gone again',
    missing: needsRoot,
    strike: async (world) => {
      const { capture } = world.instance;
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', capture]);
      const before = new Set(await world.names());
      await world.see();
      await wait(3_000);
      world.excuse((await world.names()).filter((name) => !before.has(name)));
      execFileSync('umount', ['-l', capture]);
      return 1;
    },
    patience: 90_000,
  },
  {
    name: 'capture directory is a symlink that is flipped',
    prepare: async (world) => {
      const { capture } = world.instance;
      await rename(capture, `${capture}.a`);
      await mkdir(`${capture}.b`);
      await symlink(`${capture}.a`, capture);
    },
    strike: async (world) => {
      const { capture } = world.instance;
      await wait(1_500);
      await symlink(`${capture}.b`, `${capture}.new`);
      // What lies in the old directory only cannot be reached any more.
      world.excuse(await world.names());
      await rename(`${capture}.new`, capture);
      return 1;
    },
    patience: 90_000,
  },
  {
    name: 'files linked in, written anew, growing, deleted in mid-upload',
    strike: async (world) => {
      const { capture } = world.instance;
      for (let i = 0; i < 6; i++) {
        const outside = join(world.instance.root, `outside-${i}.jpg`);
        const name = `176700000${i}_6-1_frontdoor_1-2-3-4_5_${600 + i}.jpg`;
        const bytes = world.picture();
        await writeFile(outside, bytes);
        await world.write(name, bytes, 'in place');
        await unlink(join(capture, name));
        await link(outside, join(capture, name));
        const doomed = await world.see();
        if (world.random.chance(0.5)) await world.delete(doomed);
      }
      return 6;
    },
  },
  {
    name: 'odd names',
    strike: async (world) => {
      const odd = [
        'ü ñ.jpg',
        'a&b=c+d%20.jpg',
        `${'x'.repeat(200)}.jpg`,
        '#?.jpg',
        "it's.jpg",
        '日本.jpg',
        '-rf.jpg',
        'a\\b.jpg',
      ];
      for (const name of odd) await world.write(name, world.picture(), 'in pieces');
      return odd.length;
    },
  },
  {
    name: 'one name twice, with other bytes',
    strike: async (world) => {
      for (let i = 0; i < 3; i++) {
        const name = `176800000${i}_6-1_frontdoor_1-2-3-4_5_${700 + i}.jpg`;
        await world.write(name, world.picture(), 'renamed');
        await wait(1_500);
        await world.write(name, world.picture(), 'renamed');
      }
      return 3;
    },
  },
  {
    name: 'settings emptied, half-written, deleted, and there again',
    strike: async (world) => {
      const cloud = join(world.instance.config, 'cloud.xml');
      const whole = await readFile(cloud);
      for (let i = 0; i < 20; i++) {
        await writeFile(cloud, whole.subarray(0, world.random.between(0, whole.length)));
        await wait(world.random.between(5, 60));
        if (world.random.chance(0.2)) await unlink(cloud);
        await wait(world.random.between(5, 60));
        await writeFile(cloud, whole);
      }
      await world.instance.subscribe(NO_SUBSCRIPTION);
      await wait(500);
      return 21;
    },
    mend: (world) => world.instance.subscribe(SUBSCRIPTION),
  },
  ...[-10, 1].map(
    (years): Fault => ({
      name: years < 0 ? `clock ${-years} years back while running` : `clock ${years} year ahead while running`,
      prepare: async (world) => {
        const clock = join(world.instance.root, 'clock');
        await writeFile(clock, '0');
        world.env = { NODE_OPTIONS: `--require ${join(__dirname, 'clock.js')}`, TORTURE_CLOCK: clock };
      },
      strike: async (world) => {
        const shift = years * 365.25 * 24 * 3_600_000;
        await wait(1_000);
        await writeFile(join(world.instance.root, 'clock'), String(shift));
        const slow = world.write('1766999999_6-1_frontdoor_1-2-3-4_5_999.jpg', world.picture(60_000), 'in pieces');
        await Promise.all([slow, wait(2_000)]);
        return 1;
      },
    }),
  ),
];

/** Something is wrong with the ledger when the process starts. */
function ledgerFault(name: string, damage: (path: string, world: World) => Promise<void>): Fault {
  return {
    name,
    strike: async (world) => {
      await wait(1_500);
      await world.grunt?.stop();
      const { state } = world.instance;
      const ledgers = (await readdir(state).catch(() => [])).filter((file) => file.endsWith('.ledger'));
      for (const ledger of ledgers) await damage(join(state, ledger), world);
      world.start();
      return ledgers.length;
    },
  };
}

async function mountState({ instance, atEnd }: World, size: string): Promise<void> {
  await mkdir(instance.state, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', instance.state]);
  atEnd.push(() => execFileSync('umount', ['-l', instance.state]));
}
