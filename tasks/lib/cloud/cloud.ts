/**
 * The cloud on one machine: an S3 endpoint on loopback with an uploads bucket, and a device's credentials for it; where it
 * is given the Lambda, what that makes of uploads goes to the production bucket (publishing.ts). All it keeps is under one
 * directory:
 *
 *     DIR/cloud.json   how to reach it, with the device's credentials; there as soon as it is ready
 *     DIR/keys.json    the key pairs, made at the first start
 *     DIR/s3/          buckets and objects
 *     DIR/lock         names the process that runs on DIR
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lock } from './lock';
import type { S3EventRecord } from './notifications';
import { isMissing } from './objects';
import { device, owner } from './policy';
import { Publishing, type PublishingOptions } from './publishing';
import { type S3Server, startS3 } from './s3';

export interface CloudOptions {
  /** Directory of everything the cloud keeps. */
  readonly data: string;
  readonly port: number;
  /** What is run on uploads; left out, they stay where they are. */
  readonly lambda?: Pick<PublishingOptions, 'ingest' | 'dynamodb' | 'tell'>;
}

/** What cloud.json holds; the last four are what a Kerberos configuration calls them. */
export interface CloudDescription {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly folder: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

export interface Cloud {
  readonly description: CloudDescription;
  /** The file that holds the description. */
  readonly file: string;
  /** Ends what is under way, and the server. Nothing that is stored goes. */
  close(): Promise<void>;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Keys {
  readonly owner: Credentials;
  readonly device: Credentials;
}

const REGION = 'eu-west-1';
const BUCKET = 'uploads';
const PRODUCTION = 'production';
const FOLDER = 'home';

/**
 * Starts the cloud and tells, in DIR/cloud.json, how to reach it.
 * @throws Error for a person to read: the port is in use, the directory is, or cannot be written
 */
export async function startCloud({ data, port, lambda }: CloudOptions): Promise<Cloud> {
  const directory = resolve(data);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { release } = lock(join(directory, 'lock'));
  try {
    const file = join(directory, 'cloud.json');
    // One of an earlier run would say that we are ready.
    rmSync(file, { force: true });
    const keys = stableKeys(join(directory, 'keys.json'));
    const publishing =
      lambda && new Publishing({ ...lambda, data: directory, region: REGION, uploads: BUCKET, production: PRODUCTION });
    const s3 = await startServer(join(directory, 's3'), port, keys, (event) => publishing?.add(event));
    for (const bucket of [BUCKET, PRODUCTION]) await s3.createBucket(bucket);
    await publishing?.start(s3);
    const description: CloudDescription = {
      endpoint: s3.endpoint,
      region: REGION,
      bucket: BUCKET,
      folder: FOLDER,
      publicKey: keys.device.accessKeyId,
      privateKey: keys.device.secretAccessKey,
    };
    writePrivate(file, description);
    return {
      description,
      file,
      close: async () => {
        await publishing?.close();
        await s3.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function startServer(
  directory: string,
  port: number,
  keys: Keys,
  onObjectEvent: (event: S3EventRecord) => void,
): Promise<S3Server> {
  try {
    return await startS3({
      directory,
      port,
      region: REGION,
      onObjectEvent,
      keyPairs: [
        { ...keys.owner, policy: owner },
        { ...keys.device, policy: device(BUCKET, FOLDER) },
      ],
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Error(`Port ${port} is in use by another program: stop it, or choose another port with --port=N.`);
    }
    throw error;
  }
}

/** The key pairs of this directory: the same at every start. */
function stableKeys(file: string): Keys {
  try {
    const keys: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isKeys(keys)) return keys;
    throw new Error(`${file} does not hold two key pairs. Delete it, and the next start makes new ones.`);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const keys = { owner: newCredentials(), device: newCredentials() };
  writePrivate(file, keys);
  return keys;
}

/** Credentials of the shape of Amazon's: 20 letters and digits, and 40 characters of Base64 (so `+` and `/` occur). */
function newCredentials(): Credentials {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const letters = Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]);
  return { accessKeyId: `KERB${letters.join('')}`, secretAccessKey: randomBytes(30).toString('base64') };
}

function isKeys(value: unknown): value is Keys {
  return (
    typeof value === 'object' &&
    value !== null &&
    'owner' in value &&
    isCredentials(value.owner) &&
    'device' in value &&
    isCredentials(value.device)
  );
}

function isCredentials(value: unknown): value is Credentials {
  return (
    typeof value === 'object' &&
    value !== null &&
    'accessKeyId' in value &&
    typeof value.accessKeyId === 'string' &&
    'secretAccessKey' in value &&
    typeof value.secretAccessKey === 'string'
  );
}

/** Writes a file that its owner alone can read, in one step. */
function writePrivate(file: string, content: object): void {
  const temporary = `${file}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(temporary, file);
}
