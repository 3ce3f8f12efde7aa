/**
 * Debian root file systems as Kerberos images are: systemd, node, and forever and grunt-cli in /usr/bin; and the project
 * at /home/cloud as `git clone` and `npm install --omit=dev` leave it, with nothing in it that a user would not have.
 */
import { execFileSync, type StdioOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'ca-certificates', 'busybox'];
/** What images have for all users. */
const GLOBAL = ['forever@4.0.3', 'grunt-cli@1.5.0', 'npm@10.9.4'];

/** Why no machine can be booted here, or undefined if one can. Installs Debian's own tools for it where it may. */
export function whyNotHere(): string | undefined {
  if (process.platform !== 'linux') return 'systemd boots on Linux only';
  if (process.getuid?.() !== 0) return 'it takes root to boot a machine';
  const missing = ['systemd-nspawn', 'debootstrap', 'nsenter'].filter((command) => !isThere(command));
  if (missing.length === 0) return undefined;
  if (!isThere('apt-get')) return `there is no ${missing.join(', ')}`;
  try {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-q', '-y', 'systemd-container', 'debootstrap', 'util-linux'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return undefined;
  } catch {
    return `there is no ${missing.join(', ')}, and apt-get could not install it`;
  }
}

function isThere(command: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, command)));
}

/** The roots of one run of the test: each machine gets a copy that nobody has used. */
export class Roots {
  readonly #suite: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'kerberos-boot-'));

  /** Clones the project as it is in `project`, with what is not committed yet, and installs it as the README says. */
  constructor(project: string, suite: string) {
    this.#suite = suite;
    const checkout = join(this.#directory, 'checkout');
    const upstream = join(this.#directory, 'upstream');
    git(project, 'init', '--quiet', '--bare', upstream);
    git(project, 'push', '--quiet', upstream, `${snapshotOf(project, join(this.#directory, 'index'))}:refs/heads/main`);
    git(project, 'clone', '--quiet', '--no-hardlinks', '--branch=main', upstream, checkout);
    execFileSync('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: checkout,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** A root for one machine, with the fresh checkout at /home/cloud; `ownNode` has Debian's own Node.js. */
  fresh(ownNode = false): string {
    const root = mkdtempSync(join(this.#directory, 'machine-'));
    execFileSync('cp', ['-a', '--reflink=auto', `${cachedRoot(this.#suite, ownNode)}/.`, root]);
    chmodSync(root, 0o755);
    execFileSync('cp', ['-a', '--reflink=auto', join(this.#directory, 'checkout'), join(root, 'home/cloud')]);
    return root;
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

function git(project: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: project })
    .toString()
    .trim();
}

/** A commit of all that `git` would know of the project, which leaves the project's own index and branches alone. */
function snapshotOf(project: string, index: string): string {
  const env = { ...process.env, GIT_INDEX_FILE: index };
  for (const args of [
    ['read-tree', 'HEAD'],
    ['add', '--all'],
  ]) {
    execFileSync('git', args, { cwd: project, env });
  }
  const tree = execFileSync('git', ['write-tree'], { cwd: project, env }).toString().trim();
  return git(project, 'commit-tree', '-p', 'HEAD', '-m', 'as it is', tree);
}

/** Made once and kept in the user's cache. */
function cachedRoot(suite: string, ownNode: boolean): string {
  const recipe = createHash('sha256')
    .update(JSON.stringify([suite, PACKAGES, GLOBAL]))
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kerberos-cloud');
  const root = join(cache, `${suite}-${recipe}${ownNode ? '-node' : ''}`);
  if (existsSync(root)) return root;

  console.log(`  (making ${root}, once)`);
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'making-'));
  const said: StdioOptions = ['ignore', 'ignore', 'inherit'];
  if (ownNode) {
    execFileSync('cp', ['-a', '--reflink=auto', `${cachedRoot(suite, false)}/.`, making]);
    // The resolver of this machine: apt-get runs in the root, on this machine's network.
    cpSync('/etc/resolv.conf', join(making, 'etc/resolv.conf'), { dereference: true });
    for (const args of [
      ['update', '-q'],
      ['install', '-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', 'nodejs'],
    ]) {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
      execFileSync('chroot', [making, 'apt-get', ...args], { stdio: said, env });
    }
  } else {
    const include = `--include=${PACKAGES.join(',')}`;
    execFileSync('debootstrap', ['--variant=minbase', include, suite, making], { stdio: said });
    const to = ['--global', '--no-audit', '--no-fund', '--prefix', join(making, 'usr')];
    execFileSync('npm', ['install', ...to, ...GLOBAL], { stdio: said });
  }
  rmSync(join(making, 'var/cache/apt/archives'), { recursive: true, force: true });
  renameSync(making, root);
  return root;
}

/** The node that runs us, where an image has it. */
export const NODE_MOUNT = `--bind-ro=${realpathSync(process.execPath)}:/usr/bin/node`;
