/**
 * Programs of others against the embedded S3, as their users run them: what they upload arrives, what they list and
 * download is what is there, and what is not allowed is refused in words that they understand.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { missingProgram, type Outcome, run } from './programs';
import { type Credentials, type PeerServer, startEmbedded } from './servers';

/** How one program does what all of them can. */
interface Client {
  readonly program: string;
  upload(file: string, key: string): readonly string[];
  download(key: string, file: string): readonly string[];
  list(prefix: string): readonly string[];
  remove(key: string): readonly string[];
  /** Prints a presigned URL, and nothing else. s3cmd has those of signature version 2 only. */
  presign?(key: string): readonly string[];
  /** Settings in its environment and arguments, for these credentials. */
  settings(server: PeerServer, credentials: Credentials): { args: readonly string[]; env: Record<string, string> };
  /** What its output says where the server refuses. */
  readonly denied: RegExp;
  readonly badSignature: RegExp;
}

const BUCKET = 'uploads';

/** Without it the AWS CLI 1 presigns with signature version 2. */
const AWS_CONFIG = join(__dirname, 'aws.config');

const CLIENTS: readonly Client[] = [
  {
    program: 'aws',
    upload: (file, key) => ['s3', 'cp', file, `s3://${BUCKET}/${key}`],
    download: (key, file) => ['s3', 'cp', `s3://${BUCKET}/${key}`, file],
    list: (prefix) => ['s3', 'ls', `s3://${BUCKET}/${prefix}`, '--recursive'],
    remove: (key) => ['s3', 'rm', `s3://${BUCKET}/${key}`],
    presign: (key) => ['s3', 'presign', `s3://${BUCKET}/${key}`, '--expires-in', '100'],
    settings: (server, { accessKeyId, secretAccessKey }) => ({
      args: ['--endpoint-url', server.endpoint],
      env: {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: server.region,
        // Nothing of this machine's user.
        AWS_CONFIG_FILE: AWS_CONFIG,
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_MAX_ATTEMPTS: '1',
      },
    }),
    denied: /AccessDenied|Forbidden|Access Denied/,
    badSignature: /SignatureDoesNotMatch/,
  },
  {
    program: 'rclone',
    upload: (file, key) => ['copyto', file, `:s3:${BUCKET}/${key}`],
    download: (key, file) => ['copyto', `:s3:${BUCKET}/${key}`, file],
    list: (prefix) => ['lsf', '--recursive', `:s3:${BUCKET}/${prefix}`],
    remove: (key) => ['deletefile', `:s3:${BUCKET}/${key}`],
    presign: (key) => ['link', '--expire', '100s', `:s3:${BUCKET}/${key}`],
    settings: (server, { accessKeyId, secretAccessKey }) => ({
      args: ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1'],
      env: {
        RCLONE_S3_PROVIDER: 'Other',
        RCLONE_S3_ENDPOINT: server.endpoint,
        RCLONE_S3_REGION: server.region,
        RCLONE_S3_ACCESS_KEY_ID: accessKeyId,
        RCLONE_S3_SECRET_ACCESS_KEY: secretAccessKey,
        RCLONE_S3_UPLOAD_CUTOFF: '6M',
        RCLONE_S3_CHUNK_SIZE: '5M',
        RCLONE_S3_NO_CHECK_BUCKET: 'true',
        // A device may not look up what is there: rclone has settings for such credentials.
        RCLONE_S3_NO_HEAD: String(accessKeyId === server.device.accessKeyId),
        RCLONE_S3_NO_HEAD_OBJECT: String(accessKeyId === server.device.accessKeyId),
        // Version 1.60 fails where it is set.
        AWS_CA_BUNDLE: '',
      },
    }),
    denied: /AccessDenied|403|Forbidden/,
    badSignature: /SignatureDoesNotMatch|403|Forbidden/,
  },
  {
    program: 's3cmd',
    upload: (file, key) => ['put', file, `s3://${BUCKET}/${key}`],
    download: (key, file) => ['get', `s3://${BUCKET}/${key}`, file],
    list: (prefix) => ['ls', '--recursive', `s3://${BUCKET}/${prefix}`],
    remove: (key) => ['del', `s3://${BUCKET}/${key}`],
    settings: (server, { accessKeyId, secretAccessKey }) => ({
      args: [
        '-c',
        '/dev/null',
        '--no-ssl',
        `--host=${new URL(server.endpoint).host}`,
        `--host-bucket=${new URL(server.endpoint).host}`,
        `--region=${server.region}`,
        `--access_key=${accessKeyId}`,
        `--secret_key=${secretAccessKey}`,
        '--multipart-chunk-size-mb=5',
      ],
      env: {},
    }),
    denied: /AccessDenied|Access Denied|403/,
    badSignature: /SignatureDoesNotMatch|signature we calculated/,
  },
];

describe("the embedded S3 through others' programs", () => {
  let server: PeerServer;
  let directory: string;
  before(async () => {
    server = await startEmbedded();
    directory = await mkdtemp(join(tmpdir(), 'kerberos-clients-'));
  });
  after(async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });

  for (const client of CLIENTS) {
    const missing = missingProgram(client.program);
    if (missing !== undefined) {
      it(`${missing} is left out: it is not on this machine`, function () {
        this.skip();
      });
      continue;
    }

    describe(client.program, () => {
      const as = (credentials: Credentials, command: readonly string[]): Promise<Outcome> => {
        const { args, env } = client.settings(server, credentials);
        return run(client.program, [...command, ...args], env);
      };
      const succeeds = async (credentials: Credentials, command: readonly string[]): Promise<Outcome> => {
        const outcome = await as(credentials, command);
        expect(outcome.status, outcome.output).to.equal(0);
        return outcome;
      };
      const fails = async (credentials: Credentials, command: readonly string[], words: RegExp): Promise<void> => {
        const { status, output } = await as(credentials, command);
        expect(status, output).not.to.equal(0);
        expect(output).to.match(words);
      };
      const file = async (name: string, bytes: Buffer): Promise<string> => {
        const path = join(directory, `${client.program}-${name}`);
        await writeFile(path, bytes);
        return path;
      };
      const key = (name: string) => `home/${client.program}/${name}`;

      it('uploads as a device, lists, and downloads the same bytes as the owner', async () => {
        const bytes = randomBytes(50_000);
        const name = '1429700000_6-123456_Haustür 1+2_200-200-400-400_24_579.jpg';
        await succeeds(server.device, client.upload(await file('small', bytes), key(name)));
        const { stdout } = await succeeds(server.device, client.list(key('')));
        expect(stdout).to.include(name);
        const back = join(directory, `${client.program}-small-back`);
        await succeeds(server.owner, client.download(key(name), back));
        expect((await readFile(back)).equals(bytes)).to.equal(true);
      });

      it('uploads 20 MB in parts as a device', async () => {
        const bytes = randomBytes(20 * 1024 ** 2);
        await succeeds(server.device, client.upload(await file('large', bytes), key('large.mp4')));
        const back = join(directory, `${client.program}-large-back`);
        await succeeds(server.owner, client.download(key('large.mp4'), back));
        expect((await readFile(back)).equals(bytes)).to.equal(true);
      });

      it('deletes as the owner', async () => {
        const path = await file('deleted', Buffer.from('x'));
        await succeeds(server.owner, client.upload(path, key('deleted')));
        await succeeds(server.owner, client.remove(key('deleted')));
        const { stdout } = await succeeds(server.owner, client.list(key('')));
        expect(stdout).not.to.include('deleted');
      });

      it('is refused with another secret', async () => {
        const path = await file('refused', Buffer.from('x'));
        const wrong = { ...server.owner, secretAccessKey: 'wrong' };
        await fails(wrong, client.upload(path, key('refused')), client.badSignature);
      });

      it('is refused as a device that reads, deletes, or goes to another folder', async () => {
        const path = await file('device', Buffer.from('x'));
        await succeeds(server.device, client.upload(path, key('device')));
        // What may not be looked up is a folder to rclone, and it copies what it finds there: nothing.
        await as(server.device, client.download(key('device'), `${path}-back`));
        expect(existsSync(`${path}-back`)).to.equal(false);
        await as(server.device, client.remove(key('device')));
        await fails(server.device, client.upload(path, 'other/device'), client.denied);
        await fails(server.device, client.list('other/'), client.denied);
        await succeeds(server.owner, client.download(key('device'), `${path}-owner`));
      });

      const { presign } = client;
      if (presign !== undefined) {
        it('presigns a URL that is served, and refused when it is changed', async () => {
          const path = await file('signed', Buffer.from('signed'));
          await succeeds(server.owner, client.upload(path, key('signed')));
          const url = (await succeeds(server.owner, presign(key('signed')))).stdout.trim();
          expect(await (await fetch(url)).text()).to.equal('signed');
          expect((await fetch(url.replace('/signed', '/device'))).status).to.equal(403);
        });
      }
    });
  }
});
