/** A fresh Debian root file system as an old Kerberos image is: systemd, node, and forever and grunt-cli in /usr/bin. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'ca-certificates'];
/** What old images have for all users. */
const GLOBAL = ['forever@4.0.3', 'grunt-cli@1.5.0'];

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

/**
 * A new copy of the root of Debian `suite`, for one machine, whose /home/cloud is the project as it is in `project`,
 * compiled. The root itself is made once and kept in the user's cache. The caller removes the copy.
 */
export function freshRoot(project: string, suite: string): string {
  const root = mkdtempSync(join(tmpdir(), 'kerberos-boot-'));
  execFileSync('cp', ['-a', '--reflink=auto', `${cachedRoot(suite)}/.`, root]);
  chmodSync(root, 0o755);
  copyProject(project, join(root, 'home/cloud'));
  return root;
}

function cachedRoot(suite: string): string {
  const recipe = createHash('sha256')
    .update(JSON.stringify([suite, PACKAGES, GLOBAL]))
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kerberos-cloud');
  const root = join(cache, `${suite}-${recipe}`);
  if (existsSync(root)) return root;

  console.log(`  (making ${root}, once)`);
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, 'making-'));
  execFileSync('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, suite, making], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  execFileSync('npm', ['install', '--global', '--no-audit', '--no-fund', '--prefix', join(making, 'usr'), ...GLOBAL], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(join(making, 'var/cache/apt/archives'), { recursive: true, force: true });
  renameSync(making, root);
  return root;
}

/** The files that git knows or would know, with the dependencies, as `git clone` and `npm install` leave them. */
function copyProject(project: string, checkout: string): void {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: project })
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(project, file)));
  for (const file of files) cpSync(join(project, file), join(checkout, file));
  execFileSync('cp', ['-a', '--reflink=auto', join(project, 'node_modules'), checkout]);
  execFileSync('npm', ['run', 'prepare'], { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Writes the configuration that a 2.x image has, with `account`'s credentials, and its capture directory. */
export function configureKerberos(root: string, account: Account): void {
  const config = join(root, 'etc/opt/kerberosio/config');
  mkdirSync(config, { recursive: true });
  mkdirSync(join(root, CAPTURE), { recursive: true });
  const text = (name: string, value: string) => `<${name} type="text">${value}</${name}>`;
  writeFileSync(
    join(config, 'cloud.xml'),
    `<?xml version="1.0"?>\n<clouds><S3>${text('bucket', account.bucket)}${text('folder', account.folder)}` +
      `${text('publicKey', account.publicKey)}${text('privateKey', account.privateKey)}</S3></clouds>\n`,
  );
  writeFileSync(
    join(config, 'io.xml'),
    `<?xml version="1.0"?>\n<ios><Disk>${text('directory', '/etc/opt/kerberosio/capture/')}` +
      `${text('fileFormat', 'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg')}</Disk></ios>\n`,
  );
  writeFileSync(
    join(config, 'config.xml'),
    `<?xml version="1.0"?>\n<kerberos><instance>${text('name', 'frontdoor')}</instance></kerberos>\n`,
  );
}

/** Where a 2.x image's camera puts its pictures, from the root. */
export const CAPTURE = 'etc/opt/kerberosio/capture';

/** What the owner of a Pi gets from the cloud. */
export interface Account {
  readonly bucket: string;
  readonly folder: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The node that runs us, where an image has it. */
export const NODE_MOUNT = `--bind-ro=${realpathSync(process.execPath)}:/usr/bin/node`;
