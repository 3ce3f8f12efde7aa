/** Where the images of Kerberos keep things, with an account's keys typed into their web interface. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the owner of a Pi gets from the cloud. */
export interface Account {
  readonly bucket: string;
  readonly folder: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

const NO_ACCOUNT: Account = { bucket: '', folder: '', publicKey: '', privateKey: '' };
const FORMAT = 'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg';

/** Configures the machine with the root `root`, and returns its capture directory, from the root. */
export type Layout = (root: string, account: Account) => string;

/** 2.0 to 2.8: /etc/opt/kerberosio. */
export const image28: Layout = (root, account) => {
  writeFiles(root, 'etc/opt/kerberosio/config', {
    'config.xml': `<kerberos><instance>${text('name', 'frontdoor')}</instance></kerberos>`,
    'cloud.xml': `<clouds><S3>${keys(account)}</S3></clouds>`,
    'io.xml': ios('/etc/opt/kerberosio/capture/'),
  });
  return made(root, 'etc/opt/kerberosio/capture');
};

/** 1.0.0 to 1.1.0: /home/kerberos-io/config, with the keys in config.xml. */
export const image11: Layout = (root, account) => {
  const capture = 'home/kerberos-web/public/capture';
  writeFiles(root, 'home/kerberos-io/config', {
    'config.xml': `<kerberos><instance>${text('name', 'frontdoor')}</instance><amazonS3>${keys(account)}</amazonS3></kerberos>`,
    'io.xml': ios(`/${capture}/`),
  });
  return made(root, capture);
};

/** KiOS: the factory files stay in /etc/opt/kerberosio/config, without keys; what counts is in /data/machinery. */
export const kios: Layout = (root, account) => {
  const capture = made(root, 'data/machinery/capture');
  const files = (with_: Account) => ({
    'config.xml': `<kerberos><instance>${text('name', 'frontdoor')}</instance></kerberos>`,
    'cloud.xml': `<clouds><S3>${keys(with_)}</S3></clouds>`,
    'io.xml': ios('/etc/opt/kerberosio/capture/'),
  });
  writeFiles(root, 'etc/opt/kerberosio/config', files(NO_ACCOUNT));
  writeFiles(root, 'data/machinery/config', files(account));
  symlinkSync(`/${capture}`, join(root, 'etc/opt/kerberosio/capture'));
  return capture;
};

function writeFiles(root: string, directory: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, directory), { recursive: true });
  for (const [name, xml] of Object.entries(files)) {
    // The web interface of 2.x writes cloud.xml without a declaration.
    const declaration = name === 'cloud.xml' ? '' : '<?xml version="1.0"?>\n';
    writeFileSync(join(root, directory, name), `${declaration}${xml}\n`);
  }
}

function made(root: string, directory: string): string {
  mkdirSync(join(root, directory), { recursive: true });
  return directory;
}

function ios(directory: string): string {
  return `<ios><Disk>${text('directory', directory)}${text('fileFormat', FORMAT)}</Disk></ios>`;
}

function keys({ bucket, folder, publicKey, privateKey }: Account): string {
  return `${text('bucket', bucket)}${text('folder', folder)}${text('publicKey', publicKey)}${text('privateKey', privateKey)}`;
}

function text(name: string, value: string): string {
  return `<${name} type="text">${value}</${name}>`;
}
