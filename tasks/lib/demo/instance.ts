import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A Kerberos 2.x instance made for trying things out: the configuration that the web interface would write. */
export interface DemoInstance {
  /** Configuration directory. */
  readonly config: string;
  /** Capture directory. */
  readonly capture: string;
  readonly name: string;
}

/** What the owner types into the web interface. */
export interface Subscription {
  readonly bucket: string;
  readonly folder: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Makes the instance below `root`, with its capture directory. */
export async function makeInstance(root: string, name: string, subscription: Subscription): Promise<DemoInstance> {
  const instance = { config: join(root, 'config'), capture: join(root, 'capture'), name };
  await mkdir(instance.config, { recursive: true });
  await mkdir(instance.capture, { recursive: true });
  const format = 'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg';
  const { bucket, folder, publicKey, privateKey } = subscription;
  const files = {
    'config.xml': `<kerberos><instance>${value('name', name)}</instance></kerberos>`,
    'io.xml': `<ios><Disk>${value('directory', `${instance.capture}/`)}${value('fileFormat', format)}</Disk></ios>`,
    'cloud.xml': `<clouds><S3>${value('bucket', bucket)}${value('folder', folder)}${value('publicKey', publicKey)}${value('privateKey', privateKey)}</S3></clouds>`,
  };
  for (const [file, xml] of Object.entries(files)) {
    await writeFile(join(instance.config, file), `<?xml version="1.0"?>\n${xml}\n`, { mode: 0o600 });
  }
  return instance;
}

function value(element: string, text: string): string {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<${element} type="text">${escaped}</${element}>`;
}
