/**
 * The cloud on one machine: an S3 endpoint on loopback with an uploads bucket, and IAM with the keys that may use it.
 * With the Lambda, uploads are published to the production bucket (publishing.ts), and the cloud application shows them
 * (application.ts) and notifies the owners (notifying.ts). All data is in one directory:
 *
 *     DIR/cloud.json   how to reach it, with the device's credentials and the login; there as soon as it is ready
 *     DIR/owner.env    the owner's environment, for the accounts command; there as long as DIR/cloud.json
 *     DIR/keys.json    the key pairs and the login, made at the first start (cloud-keys.ts); a copy is beside it
 *     DIR/iam.json     who may upload (iam/users.ts); a copy is beside it
 *     DIR/s3/          buckets and objects
 *     DIR/lock.<n>     names the process that runs on DIR (disk/lock.ts)
 */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf } from '../error-code';
import { ensureAccount, startApplication } from './application';
import { type Keys, rememberAccount, stableKeys } from './cloud-keys';
import { type Credentials, newCredentials } from './credentials';
import { lock } from './disk/lock';
import { requirePrivateDirectory } from './disk/private-directory';
import { writePrivateJson } from './disk/private-file';
import { replaceFileSync } from './disk/replace-file';
import { devicePolicy } from './iam/device-policy';
import { type Iam, startIam } from './iam/server';
import { IamUsers } from './iam/users';
import type { FunctionUrl } from './lambda/function-url';
import { Notifying } from './notifying';
import { Publishing, type PublishingOptions, TABLE } from './publishing';
import { PRODUCTION_LIFECYCLE, UPLOADS_LIFECYCLE } from './retention';
import { spaceOf } from './s3/limits';
import { owner } from './s3/policy';
import { type S3Options, type S3Server, startS3 } from './s3/server';

/** Options of `startCloud`. */
export interface CloudOptions {
  /** Directory for all data of the cloud. */
  readonly data: string;
  readonly port: number;
  /** Most bytes of one account; by default half of the disk. */
  readonly quota?: number;
  /** The Lambda for uploads; without it, they stay where they are. */
  readonly lambda?: LambdaOptions;
}

/** The parts of the Lambda. */
export interface LambdaOptions extends Pick<PublishingOptions, 'ingest' | 'dynamodb' | 'tell'> {
  /** The cloud application; left out, there is none. */
  readonly app?: {
    /** Compiled module of the gallery's function. */
    readonly gallery: string;
    /** Compiled module of the notify function; without it, nobody is told anything. */
    readonly notify?: string;
    /** Compiled accounts command; without it, no account is made. */
    readonly account?: string;
    /** 0 means any free port. */
    readonly port: number;
  };
}

/** The content of cloud.json. `bucket` to `privateKey` have the names of a Kerberos configuration. */
export interface CloudDescription {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly folder: string;
  readonly publicKey: string;
  readonly privateKey: string;
  /** The cloud application, with the login made at the first start. */
  readonly app?: { readonly url: string; readonly user: string; readonly password: string };
}

/** A running cloud. */
export interface Cloud {
  readonly description: CloudDescription;
  /** The file that holds the description. */
  readonly file: string;
  /** Ends running work and the servers. Stored data stays. */
  close(): Promise<void>;
}

const REGION = 'eu-west-1';
const BUCKET = 'uploads';
const PRODUCTION = 'production';
/** Files that other users must not have made. */
const SECRETS = ['keys.json', 'keys.json.copy', 'iam.json', 'iam.json.copy', 'cloud.json', 'owner.env'];
/** Most objects of an account: ten years of a busy camera. Each takes some 300 bytes of memory. */
const MOST_OBJECTS = 1_000_000;
/** Most unfinished multipart uploads of an account; an uploader has four. They are removed after a day. */
const MOST_UPLOADS = 1000;
/** The first account. */
const FOLDER = 'home';
/** The first account's user in IAM, with the name that the accounts command uses. */
const USER = `kerberos-${FOLDER}`;

/**
 * Starts the cloud and writes DIR/cloud.json.
 *
 * @throws Error for a person to read: the port or the directory is in use, the directory cannot be written, or other
 *   users can write it.
 */
export async function startCloud({ data, port, quota, lambda }: CloudOptions): Promise<Cloud> {
  const directory = resolve(data);
  requirePrivateDirectory(directory, SECRETS);
  const { release } = lock(join(directory, 'lock'));
  const warn = (text: string) => (lambda ? lambda.tell('failed', text) : process.emitWarning(text));
  /** The parts that were started, the last one first. */
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of started.splice(0)) await part.close();
    release();
  };
  try {
    const file = join(directory, 'cloud.json');
    const ownerFile = join(directory, 'owner.env');
    // The files of an earlier run would tell that the cloud is ready.
    for (const old of [file, ownerFile]) rmSync(old, { force: true });
    const keysFile = join(directory, 'keys.json');
    const keys = stableKeys(keysFile, warn);
    const place = { data: directory, region: REGION, uploads: BUCKET, production: PRODUCTION };
    // The functions' key pairs live as long as this process.
    const ingest = newCredentials();
    const gallery = newCredentials();
    const notify = newCredentials();
    const databaseUsers = [keys.owner, ingest, gallery, notify];
    let notifying: Notifying | undefined;
    const publishing =
      lambda &&
      new Publishing({
        ...{ ...lambda, ...place, credentials: ingest, databaseUsers },
        tell: (what, text) => {
          if (what !== 'failed') notifying?.wake();
          lambda.tell(what, text);
        },
      });
    const space = await spaceOf(directory);
    const s3 = await startServer(port, {
      directory: join(directory, 's3'),
      port,
      region: REGION,
      keyPairs: [{ ...keys.owner, policy: owner }],
      space,
      warn,
      mayWait: (account) => publishing?.mayWait(account) ?? true,
      onObjectEvent: (event) => publishing?.add(event),
    });
    started.unshift(s3);
    const ofAccounts = { bytes: quota ?? space.total / 2, objects: MOST_OBJECTS, uploads: MOST_UPLOADS };
    await s3.createBucket(BUCKET, { lifecycle: UPLOADS_LIFECYCLE, quota: ofAccounts });
    await s3.createBucket(PRODUCTION, { lifecycle: PRODUCTION_LIFECYCLE });
    const users = openUsers(join(directory, 'iam.json'), s3, keys.device, warn);
    const iam = await startIam({ users, owner: keys.owner });
    started.unshift(iam);

    if (publishing) started.unshift(publishing);
    const database = await publishing?.start(s3);
    let app: FunctionUrl | undefined;
    if (lambda?.app && database !== undefined) {
      app = await startApplication(s3, { ...place, ...lambda.app, credentials: gallery, table: TABLE, database });
      started.unshift(app);
      if (lambda.app.notify !== undefined) {
        const options = { ...place, table: TABLE, database, app: app.url, notify: lambda.app.notify, warn };
        notifying = new Notifying(s3, { ...options, credentials: notify });
        started.unshift(notifying);
      }
    }
    const environment = ownerEnvironment(keys, s3, iam, database, app);
    if (app && lambda?.app?.account !== undefined && !keys.app.isMade) {
      await ensureAccount(lambda.app.account, environment, {
        account: FOLDER,
        password: keys.app.password,
        ...keys.device,
      });
      rememberAccount(keysFile, keys);
    }
    const device = deviceOf(users) ?? keys.device;
    const description: CloudDescription = {
      endpoint: s3.endpoint,
      region: REGION,
      bucket: BUCKET,
      folder: FOLDER,
      publicKey: device.accessKeyId,
      privateKey: device.secretAccessKey,
      ...(app && { app: { url: app.url, user: FOLDER, password: keys.app.password } }),
    };
    replaceFileSync(ownerFile, linesOf(environment));
    writePrivateJson(file, description);
    return { description, file, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServer(port: number, options: S3Options): Promise<S3Server> {
  try {
    return await startS3(options);
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') {
      throw new Error(`Port ${port} is in use by another program: stop it, or choose another port with --port=N.`);
    }
    throw error;
  }
}

/** Opens IAM. At the first start it gets the first account's user, with the device's key. */
function openUsers(file: string, s3: S3Server, device: Credentials, warn: (text: string) => void): IamUsers {
  const users = new IamUsers(file, s3, Date.now, warn);
  if (users.isNew) users.createWith(USER, { upload: devicePolicy(BUCKET, FOLDER) }, device);
  return users;
}

/** The first account's present key: it may have been rotated. */
function deviceOf(users: IamUsers): Credentials | undefined {
  if (!users.has(USER)) return undefined;
  return users.get(USER).keys.findLast(({ status }) => status === 'Active');
}

function ownerEnvironment(
  keys: Keys,
  s3: S3Server,
  iam: Iam,
  database: string | undefined,
  app: FunctionUrl | undefined,
): Record<string, string> {
  return {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: keys.owner.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.owner.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_IAM: iam.endpoint,
    UPLOADS_BUCKET: BUCKET,
    PRODUCTION_BUCKET: PRODUCTION,
    TABLE_NAME: TABLE,
    ...(database !== undefined && { AWS_ENDPOINT_URL_DYNAMODB: database }),
    ...(app && { APP_URL: app.url }),
  };
}

/** No value needs quotes: they are names, URLs and Base64. */
function linesOf(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
