/** The programs that are measured, and what measures them: from Debian, and from npm into a folder of their own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** By the file that each brings. */
const DEBIAN: ReadonlyMap<string, string> = new Map([
  ['/usr/sbin/nginx', 'nginx-light'],
  ['/usr/bin/rclone', 'rclone'],
  ['/usr/bin/aws', 'awscli'],
  ['/usr/bin/s3cmd', 's3cmd'],
  ['/usr/bin/time', 'time'],
  ['/usr/bin/openssl', 'openssl'],
  ['/usr/bin/taskset', 'util-linux'],
]);
/** Peers that are no part of this repository, by their versions. */
const NPM = {
  grunt: '1.6.3',
  'grunt-aws-s3': '2.0.2',
  aws4: '1.13.2',
  'grunt-contrib-watch': '1.1.0',
  '@aws-sdk/client-s3': '3.1173.0',
};

/** Installs what is missing. `folder`: where the peers from npm are kept. */
export function installPeers(folder: string): void {
  const missing = [...DEBIAN].filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing.length > 0) {
    console.log(`Installing ${missing.join(', ')} from Debian.`);
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    execFileSync('apt-get', ['update'], options);
    execFileSync('apt-get', ['install', '--yes', '--no-install-recommends', ...missing], options);
  }
  mkdirSync(folder, { recursive: true });
  const wanted = JSON.stringify({ private: true, dependencies: NPM });
  const file = join(folder, 'package.json');
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted && existsSync(join(folder, 'node_modules'))) return;
  console.log(`Installing ${Object.keys(NPM).join(', ')} from npm, outside of this repository.`);
  writeFileSync(file, wanted);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder, stdio: 'ignore' });
}

/** Where peers from npm are kept from one run to the next. */
export const PEERS = join(tmpdir(), 'kerberos-bench-peers');

/** What each program says of its version. */
export function versions(): Record<string, string> {
  const says = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' }).trim();
  return {
    'Node.js': process.version,
    rclone: /v[\d.]+/.exec(says('rclone', 'version'))?.[0] ?? '?',
    'aws CLI': /aws-cli\/([\d.]+)/.exec(says('/usr/bin/aws', '--version'))?.[1] ?? '?',
    s3cmd: /[\d.]+/.exec(says('/usr/bin/s3cmd', '--version'))?.[0] ?? '?',
    'grunt-aws-s3': NPM['grunt-aws-s3'],
    aws4: NPM.aws4,
    'grunt-contrib-watch': NPM['grunt-contrib-watch'],
    'AWS SDK': NPM['@aws-sdk/client-s3'],
    nginx: /nginx\/([\d.]+)/.exec(execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' }))?.[1] ?? '?',
  };
}
