import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the owner typed into the web interface; the default is an instance without a subscription. */
export interface Typed {
  bucket?: string;
  folder?: string;
  publicKey?: string;
  privateKey?: string;
  name?: string;
  disk?: string;
  video?: string;
  fileFormat?: string;
}

/** A scratch directory that holds a configuration directory, `config`, and is removed by `remove`. */
export class Instance {
  private constructor(readonly root: string) {}

  static async make(): Promise<Instance> {
    const instance = new Instance(await mkdtemp(join(tmpdir(), 'kerberos-')));
    await mkdir(instance.config);
    return instance;
  }

  get config(): string {
    return join(this.root, 'config');
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.config, file), text);
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  /** Configured as Kerberos 1.x does it: the credentials in config.xml. */
  async write1(typed: Typed = {}): Promise<void> {
    await this.write('config.xml', configXml(typed, `<amazonS3>${credentialsXml(typed)}</amazonS3>`));
    await this.write('io.xml', ioXml(typed));
  }

  /** Configured as Kerberos 2.x does it: the credentials in cloud.xml. */
  async write2(typed: Typed = {}): Promise<void> {
    await this.write('config.xml', configXml(typed, ''));
    await this.write('cloud.xml', `<clouds>\n\n    <S3>${credentialsXml(typed)}</S3>\n\n</clouds>`);
    await this.write('io.xml', ioXml(typed));
  }
}

function credentialsXml({ bucket = '', folder = '', publicKey = '', privateKey = '' }: Typed): string {
  return `
        <bucket type="text">${bucket}</bucket>
        <folder type="text">${folder}</folder>
        <publicKey type="text">${publicKey}</publicKey>
        <privateKey type="text">${privateKey}</privateKey>
    `;
}

function configXml({ name = 'frontdoor' }: Typed, more: string): string {
  return `<?xml version="1.0"?>
<kerberos>

    <instance>
        <name type="text">${name}</name>
        <logging type="bool">false</logging>
        <timezone type="timezone">Europe-Brussels</timezone>
        <capture file="capture.xml">RaspiCamera</capture>
        <condition file="condition.xml" type="multiple">Enabled</condition>
        <io file="io.xml" type="multiple">Disk,Video</io>
        <cloud file="cloud.xml">S3</cloud>
    </instance>
    ${more}
</kerberos>
`;
}

function ioXml({ disk, video, fileFormat }: Typed): string {
  const directory = (path: string | undefined) =>
    path === undefined ? '' : `<directory type="text">${path}</directory>`;
  const format = fileFormat === undefined ? '' : `<fileFormat type="text">${fileFormat}</fileFormat>`;
  return `<?xml version="1.0"?>
<ios>
    <Disk>
        ${format}
        ${directory(disk)}
        <markWithTimestamp type="bool">false</markWithTimestamp>
        <throttler type="number">0</throttler>
    </Disk>
    <Video>
        <fps type="number">30</fps>
        ${directory(video)}
        <hardwareDirectory type="text">/etc/opt/kerberosio/h264/</hardwareDirectory>
    </Video>
    <GPIO><pin type="number">17</pin></GPIO>
</ios>
`;
}
