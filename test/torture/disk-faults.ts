/** What happens to the file system of a capture directory, and to what the kernel tells of it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Fault, needsRoot, noProgram } from './fault';
import type { World } from './world';

/** Writes a file as a program does that maps it into its memory: no call of `write`, and no event of the kernel for it. */
const WRITE_BY_MMAP = `
import mmap, os, sys, time
bytes = sys.stdin.buffer.read()
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
os.ftruncate(file, len(bytes))
memory = mmap.mmap(file, len(bytes))
for at in range(0, len(bytes), 4096):
    memory[at:at + 4096] = bytes[at:at + 4096]
    if at % 16384 == 0: time.sleep(0.02)
memory.flush()
memory.close()
os.close(file)
`;

export const diskFaults: readonly Fault[] = [
  {
    name: 'files written by mmap',
    missing: () => noProgram('python3'),
    strike: async (world) => {
      for (let i = 0; i < 5; i++) {
        const name = `176900000${i}_6-1_frontdoor_1-2-3-4_5_${800 + i}.jpg`;
        const bytes = world.picture(60_000);
        world.expect(name, bytes);
        const writer = spawn('python3', ['-c', WRITE_BY_MMAP, join(world.instance.capture, name)], {
          stdio: ['pipe', 'ignore', 'inherit'],
        });
        writer.stdin.end(bytes);
        await once(writer, 'exit');
      }
      return 5;
    },
    // The kernel tells of no change: what is not whole is looked at again later and later.
    patience: 120_000,
  },
  {
    name: "the queue of the kernel's events overflows",
    strike: async (world) => {
      const { capture } = world.instance;
      const most = Number(await readFile('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
      world.grunt?.process.kill('SIGSTOP');
      // Two events each, at least; nobody takes them.
      for (let i = 0; i < most / 2 + 1000; i++) {
        const file = join(capture, `${i}.tmp`);
        // Another fault may take the directory away meanwhile.
        await writeFile(file, '').catch(() => {});
        await rm(file, { force: true });
      }
      for (let i = 0; i < 5; i++) await world.see();
      world.grunt?.process.kill('SIGCONT');
      return 1;
    },
    patience: 120_000,
  },
  {
    name: 'no more files can be opened, while it runs',
    missing: () => noProgram('prlimit'),
    strike: async ({ grunt }) => {
      const pid = grunt?.process.pid;
      for (let i = 0; i < 3; i++) {
        const open = (await readdir(`/proc/${pid}/fd`)).length;
        execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${open}:`]);
        await wait(1_000);
        execFileSync('prlimit', [`--pid=${pid}`, '--nofile=1024:']);
        await wait(300);
      }
      return 3;
    },
  },
  {
    name: 'capture directory unmounted, and mounted again',
    missing: needsRoot,
    prepare: async (world) => {
      const disk = await diskOf(world, 'tmpfs', ['-t', 'tmpfs', 'tmpfs']);
      mountOn(world, ['--bind', disk, world.instance.capture]);
    },
    strike: async (world) => {
      const { capture, root } = world.instance;
      await wait(world.random.between(500, 1_500));
      execFileSync('umount', ['-l', capture]);
      await wait(world.random.between(500, 2_500));
      execFileSync('mount', ['--bind', join(root, 'tmpfs'), capture]);
      // What the camera has written below the mount can be reached by nobody.
      const below = await mkdtemp(join(tmpdir(), 'torture-below-'));
      execFileSync('mount', ['--bind', root, below]);
      world.excuse(await readdir(join(below, 'capture')));
      execFileSync('umount', ['-l', below]);
      await rm(below, { recursive: true });
      return 1;
    },
    patience: 90_000,
  },
  {
    name: 'capture directory on overlayfs',
    missing: () => needsRoot() ?? noOverlay(),
    prepare: async (world) => {
      const { capture } = world.instance;
      for (let i = 0; i < 5; i++) await world.see();
      const disk = await diskOf(world, 'upper', ['-t', 'tmpfs', 'tmpfs']);
      const [upper, work] = [join(disk, 'upper'), join(disk, 'work')];
      await mkdir(upper);
      await mkdir(work);
      mountOn(world, [
        '-t',
        'overlay',
        '-o',
        `lowerdir=${capture},upperdir=${upper},workdir=${work}`,
        'overlay',
        capture,
      ]);
    },
    strike: async (world) => {
      await wait(1_000);
      // One of the layer below: it is hidden by a mark of the layer above.
      const [first] = await world.names();
      if (first !== undefined) await world.delete(first);
      await wait(1_000);
      return 1;
    },
  },
];

/** Mounts a disk of its own in the instance's directory. */
async function diskOf({ instance, atEnd }: World, name: string, how: readonly string[]): Promise<string> {
  const path = join(instance.root, name);
  await mkdir(path);
  execFileSync('mount', [...how, path]);
  atEnd.push(() => execFileSync('umount', ['-l', path]));
  return path;
}

function mountOn({ instance, atEnd }: World, how: readonly string[]): void {
  execFileSync('mount', how);
  atEnd.push(() => execFileSync('umount', ['-l', instance.capture]));
}

/** Why there is no overlayfs here. */
function noOverlay(): string | undefined {
  const script =
    'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && mkdir "$d/l" "$d/u" "$d/w" "$d/m" && ' +
    'mount -t overlay -o lowerdir="$d/l",upperdir="$d/u",workdir="$d/w" overlay "$d/m"; ok=$?; ' +
    'umount -l "$d/m" 2>/dev/null; umount -l "$d"; rmdir "$d"; exit $ok';
  const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? undefined : `overlayfs cannot be mounted here: ${stderr.trim()}`;
}
