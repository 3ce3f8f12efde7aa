/**
 * S3 servers to test against, each with a bucket, an owner, and a device that may only write to and list its folder: the
 * embedded one, Ceph's gateway and moto. What is tested against all three cannot be wrong in the same way as our own server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { devicePolicy } from '../../tasks/lib/cloud/iam/device-policy';
import { policyOf } from '../../tasks/lib/cloud/iam/policy-document';
import { owner } from '../../tasks/lib/cloud/s3/policy';
import { startS3 } from '../../tasks/lib/cloud/s3/server';
import { missingProgram } from './programs';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface PeerServer {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The device's folder, without a slash. */
  readonly folder: string;
  readonly owner: Credentials;
  readonly device: Credentials;
  stop(): Promise<void>;
}

const REGION = 'eu-west-1';
const BUCKET = 'uploads';
const FOLDER = 'home';
const PLACE = { region: REGION, bucket: BUCKET, folder: FOLDER };

/** A client of the SDK with its default settings. */
export function clientOf(server: PeerServer, credentials: Credentials, config: S3ClientConfig = {}): S3Client {
  const { endpoint, region } = server;
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1, ...config });
}

/** Our own. */
export async function startEmbedded(): Promise<PeerServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kerberos-peers-'));
  const keys = {
    owner: { accessKeyId: 'OWNERKEY', secretAccessKey: 'owner/secret+' },
    device: { accessKeyId: 'DEVICEKEY', secretAccessKey: 'device/secret+' },
  };
  const keyPairs = [
    { ...keys.owner, policy: owner },
    { ...keys.device, policy: policyOf(devicePolicy(BUCKET, FOLDER)) },
  ];
  const s3 = await startS3({ directory, region: REGION, keyPairs });
  await s3.createBucket(BUCKET);
  return {
    ...PLACE,
    ...keys,
    endpoint: s3.endpoint,
    async stop() {
      await s3.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Where a checkout keeps the script that starts Ceph's gateway: beside itself. */
const RADOSGW_SCRIPT = resolve(__dirname, '..', '..', '..', 'shared', 'radosgw.sh');

/** What is missing on this machine for Ceph's gateway, or undefined. */
export function radosgwMissing(): string | undefined {
  if (!existsSync(RADOSGW_SCRIPT)) return '../shared/radosgw.sh';
  return missingProgram('radosgw', 'ceph-mon', 'ceph-osd', 'radosgw-admin');
}

/** Ceph's gateway; ready in about fifteen seconds. */
export async function startRadosgw(): Promise<PeerServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kerberos-radosgw-'));
  const [port, monitorPort, messengerPort] = await freePorts(3);
  const env = { DIR: directory, PORT: `${port}`, MONPORT: `${monitorPort}`, MSGR2: `${messengerPort}` };
  // Not through pipes: its daemons would hold them open.
  const script = async (command: 'start' | 'wipe') => {
    const child = spawn(RADOSGW_SCRIPT, [command], { env: { ...process.env, ...env }, stdio: 'ignore' });
    const [status] = await once(child, 'exit');
    if (status !== 0) throw new Error(`radosgw.sh ${command} ended with ${status}; see ${directory}`);
  };
  const server: PeerServer = {
    ...PLACE,
    endpoint: `http://127.0.0.1:${port}`,
    owner: { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' },
    device: { accessKeyId: 'DEVICEKEY', secretAccessKey: 'devicesecret' },
    stop: () => script('wipe'),
  };
  try {
    await script('start');
    // In any other region the SDK asks for the bucket to be there, and Ceph's has another name.
    await createBucket(server, 'us-east-1');
    const client = clientOf(server, server.owner);
    await client.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify(radosgwPolicy()) }));
    client.destroy();
    return server;
  } catch (error) {
    await script('wipe');
    throw error;
  }
}

/** Write and list only. On Ceph whoever uploads an object owns it, so what it must not do is denied by name. */
function radosgwPolicy(): object {
  const account = (name: string) => ({ AWS: [`arn:aws:iam:::user/${name}`] });
  const bucket = `arn:aws:s3:::${BUCKET}`;
  const everything = [bucket, `${bucket}/*`];
  const denied =
    's3:Get* s3:Delete* s3:PutObjectAcl s3:PutObjectVersionAcl s3:PutObjectTagging s3:RestoreObject s3:PutBucket* s3:PutLifecycle*';
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: account('owner'), Action: 's3:*', Resource: everything },
      { Effect: 'Allow', Principal: account('device'), Action: 's3:PutObject', Resource: `${bucket}/${FOLDER}/*` },
      {
        Effect: 'Allow',
        Principal: account('device'),
        Action: 's3:ListBucket',
        Resource: bucket,
        Condition: { StringLike: { 's3:prefix': `${FOLDER}/*` } },
      },
      { Effect: 'Deny', Principal: account('device'), Action: denied.split(' '), Resource: everything },
    ],
  };
}

/** What is missing on this machine for moto, or undefined. */
export function motoMissing(): string | undefined {
  return missingProgram('moto_server');
}

/** moto, which lets everybody do everything: its checks of signatures refuse what the SDK signs for a list of a folder. */
export async function startMoto(): Promise<PeerServer> {
  const [port] = await freePorts(1);
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', `${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const server: PeerServer = {
    ...PLACE,
    endpoint: `http://127.0.0.1:${port}`,
    owner: { accessKeyId: 'OWNERKEY', secretAccessKey: 'ownersecret' },
    device: { accessKeyId: 'DEVICEKEY', secretAccessKey: 'devicesecret' },
    stop: () => stop(child),
  };
  try {
    await said(child, /Running on/);
    await createBucket(server, REGION);
    return server;
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function createBucket(server: PeerServer, region: string): Promise<void> {
  const client = clientOf(server, server.owner, { region });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
}

async function said(child: ChildProcess, words: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((done, failed) => {
    child.once('error', failed);
    child.once('exit', () => failed(new Error(`it ended before it was ready: ${text}`)));
    child.stderr?.on('data', (piece: Buffer) => {
      text += piece;
      if (words.test(text)) done();
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Ports that nobody listens on now, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
