/**
 * The cloud application on one machine: the gallery's function behind a Function URL, with a key pair that may do what
 * template.yaml allows, and the first account, so that its owner can log in.
 *
 *     DIR/logs/gallery.log   what the function writes, and why a request failed
 *
 * The function and the accounts command are not ours: their paths come from the caller.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { codeOf } from '../error-code';
import type { Credentials } from './credentials';
import { LogFile } from './disk/log-file';
import { type FunctionUrl, startFunctionUrl } from './lambda/function-url';
import type { S3Server } from './s3/server';

/** Options of `startApplication`. */
export interface ApplicationOptions {
  /** Directory of everything the cloud keeps. */
  readonly data: string;
  readonly region: string;
  readonly uploads: string;
  readonly production: string;
  readonly table: string;
  /** Endpoint of DynamoDB. */
  readonly database: string;
  /** Compiled module of the gallery's function. */
  readonly gallery: string;
  /** The function's own key pair. */
  readonly credentials: Credentials;
  /** 0 means any free port. */
  readonly port: number;
}

/** The first account, for the accounts command. */
export interface FirstAccount extends Credentials {
  readonly account: string;
  readonly password: string;
}

/** Time limit of the function, in ms, as in template.yaml. */
const TIME_LIMIT = 15_000;

/**
 * Largest request, in bytes: the application accepts no more (lambda/lib/gallery/input.ts), and hundreds of visitors
 * must not fill the memory.
 */
const MOST_REQUEST_BYTES = 64 * 1024;

/**
 * Starts the application.
 *
 * @throws Error for a person to read if the port is in use.
 */
export async function startApplication(s3: S3Server, options: ApplicationOptions): Promise<FunctionUrl> {
  const { data, region, uploads, production, table, database, gallery, credentials, port } = options;
  const log = new LogFile(join(data, 'logs', 'gallery.log'));
  s3.addKeyPair({
    ...credentials,
    policy: [
      {
        effect: 'allow',
        actions: [
          's3:GetObject',
          's3:ListBucket',
          's3:ListBucketVersions',
          's3:DeleteObject',
          's3:DeleteObjectVersion',
          's3:PutObjectTagging',
        ],
        bucket: production,
      },
      { effect: 'allow', actions: ['s3:DeleteObject', 's3:GetObject'], bucket: uploads },
    ],
  });
  const { PATH, HOME, FACES } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(Object.entries({ PATH, HOME, FACES }).filter(([, value]) => value !== undefined)),
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: database,
    PRODUCTION_BUCKET: production,
    UPLOADS_BUCKET: uploads,
    TABLE_NAME: table,
    // Mail is written to a folder, and a webhook may be a program beside this one (notifying.ts).
    MAIL: 'on',
    LOOPBACK: 'allowed',
  };
  try {
    return await startFunctionUrl({
      mostRequestBytes: MOST_REQUEST_BYTES,
      function: { name: 'gallery', module: gallery, env, timeLimit: TIME_LIMIT, onLine: (line) => log.write(line) },
      port,
    });
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') {
      throw new Error(`Port ${port} is in use by another program: stop it, or choose another with --app-port=N.`);
    }
    throw error;
  }
}

/**
 * Lets the accounts command make the first account, or set its login and key if it exists.
 *
 * @param command the compiled accounts command
 * @param ownerEnv the content of owner.env
 * @throws Error with the output of the command if it fails.
 */
export async function ensureAccount(
  command: string,
  ownerEnv: NodeJS.ProcessEnv,
  account: FirstAccount,
): Promise<void> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [command, 'ensure'], {
    env: { PATH, HOME, ...ownerEnv },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-2000);
    });
  }
  // A command that ends before it has read its input shows that by its exit status.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(account));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`The account ${account.account} could not be made: ${said.trim()}`);
}
