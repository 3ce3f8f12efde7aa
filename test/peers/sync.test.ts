/** A real `grunt sync` against servers of others: pictures and a video in parts, a lost ledger, a wrong key. */
import { rm } from 'node:fs/promises';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { eventName, Grunt, Instance, jpeg } from '../kerberos';
import { clientOf, motoMissing, type PeerServer, radosgwMissing, startMoto, startRadosgw } from './servers';

const PICTURES = 20;
const VIDEO = eventName(PICTURES, 'mp4');
/** More than two parts. */
const VIDEO_BYTES = 20 * 1024 * 1024 + 7;

/** What makes each server a peer: how to start it, what is missing for that, whether it looks at signatures. */
const PEERS = [
  { name: "Ceph's gateway", missing: radosgwMissing(), start: startRadosgw, isStrict: true },
  { name: 'moto', missing: motoMissing(), start: startMoto, isStrict: false },
];

describe('grunt sync against servers of others', () => {
  for (const { name, missing, start, isStrict } of PEERS) {
    if (missing === undefined) describe(name, () => promises(start, isStrict));
    else {
      it(`${name} is left out: ${missing} is not on this machine`, function () {
        this.skip();
      });
    }
  }
});

function promises(start: () => Promise<PeerServer>, isStrict: boolean): void {
  let server: PeerServer;
  let instance: Instance;
  let files: Map<string, Buffer>;

  before(async () => {
    server = await start();
    instance = await Instance.make('2.x', subscription());
    files = new Map();
    for (let index = 0; index < PICTURES; index++) {
      files.set(eventName(index), await instance.picture(eventName(index), jpeg(index)));
    }
    files.set(VIDEO, await instance.picture(VIDEO, video(VIDEO_BYTES)));
  });

  after(async () => {
    await instance?.remove();
    await server?.stop();
  });

  it(`uploads ${PICTURES} pictures and a video of 20 MB, byte for byte${isStrict ? ', with a key that may only write and list' : ''}`, async () => {
    const { code, output } = await pass();
    expect(code, output).to.equal(0);
    const client = clientOf(server, server.owner);
    for (const [fileName, bytes] of files) {
      const Key = `${server.folder}/${fileName}`;
      // The device's own key may not read what it wrote.
      const { Body, ContentType } = await client.send(new GetObjectCommand({ Bucket: server.bucket, Key }));
      expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes), fileName).to.equal(true);
      expect(ContentType).to.equal(fileName === VIDEO ? 'video/mp4' : 'image/jpeg');
    }
    const list = await client.send(new ListObjectsV2Command({ Bucket: server.bucket, Prefix: `${server.folder}/` }));
    expect(list.KeyCount).to.equal(files.size);
    client.destroy();
  });

  it('sends nothing twice with the ledger lost: the bucket is listed', async () => {
    await rm(instance.state, { recursive: true });
    const { code, output } = await pass();
    expect(code, output).to.equal(0);
    expect(output)
      .to.include(`${files.size} files of the backlog in the bucket already`)
      .and.not.to.include('is uploaded');
  });

  if (isStrict) {
    it('says that the private key is wrong, and keeps the file', async () => {
      const fileName = eventName(PICTURES + 1);
      await instance.picture(fileName);
      await instance.subscribe({ ...subscription(), privateKey: 'wrong' });
      const { code, output } = await pass();
      await instance.subscribe(subscription());
      expect(code, output).to.equal(3);
      expect(output).to.match(/private key does not belong to the access key DEVI…/);
      const again = await pass();
      expect(again.code, again.output).to.equal(0);
      expect(again.output).to.include(`${fileName} is uploaded`);
    });
  }

  it(`grunt check finds all well${isStrict ? ', and a wrong private key' : ''}`, async () => {
    const env = { KERBEROS_CONFIG: instance.config, SYNC_STATE: instance.state, AWS_ENDPOINT_URL: server.endpoint };
    const check = new Grunt(['check'], env);
    expect(await check.ended(), check.output).to.equal(0);
    expect(check.output.match(/^✓/gm), check.output).to.have.length(9);
    if (!isStrict) return;
    await instance.subscribe({ ...subscription(), privateKey: 'wrong' });
    const wrong = new Grunt(['check'], env);
    expect(await wrong.ended(), wrong.output).to.equal(3);
    expect(wrong.output).to.match(/^✗ credentials .*private key does not belong/m);
  });

  function subscription() {
    const { bucket, folder, device } = server;
    return { bucket, folder, publicKey: device.accessKeyId, privateKey: device.secretAccessKey };
  }

  /** One pass of a real process. */
  async function pass(): Promise<{ code: number | string; output: string }> {
    const sync = Grunt.sync(instance, server, ['--once']);
    const code = await sync.ended();
    expect(sync.output).not.to.include(server.device.secretAccessKey);
    return { code, output: sync.output };
  }
}

/** An MP4 file of so many bytes: `ftyp`, `moov`, and one `mdat` (ISO 14496-12, 4.2: length, type, content). */
function video(size: number): Buffer {
  const box = (type: string, content: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + content.length);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, content]);
  };
  const before = Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0')), box('moov', Buffer.alloc(0))]);
  const content = Buffer.alloc(size - before.length - 8);
  for (let at = 0; at + 4 <= content.length; at += 4) content.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at);
  return Buffer.concat([before, box('mdat', content)]);
}
