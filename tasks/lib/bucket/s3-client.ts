/**
 * The AWS SDK's S3 client. It is loaded when it is first needed: that takes a Pi seconds, and most pictures go without
 * it.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Destination } from '../settings/settings';
import { isPathStyle } from './endpoint';

/** An S3 client and the SDK's commands. */
export interface Client {
  readonly client: S3Client;
  readonly commands: typeof import('@aws-sdk/client-s3');
}

/** An access key. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Returns the access key to sign with, renewed if need be. */
export type Credentials = () => Promise<Identity>;

/** What a client needs beside the destination. */
export interface ClientParts {
  readonly credentials: Credentials;
  readonly handler: NodeHttpHandler;
  readonly region: string;
  /** Ms to add to this machine's clock to get S3's time. */
  readonly clockOffset: number;
}

/** Loads the SDK and makes a client that makes no retries. */
export async function loadClient(destination: Destination, parts: ClientParts): Promise<Client> {
  const { endpoint } = destination;
  // The SDK warns of Node.js versions that it will stop to support. That is no news for the log of a camera.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const commands = await import('@aws-sdk/client-s3');
  const client = new commands.S3Client({
    region: parts.region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: isPathStyle(destination),
    credentials: parts.credentials,
    requestHandler: parts.handler,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    systemClockOffset: parts.clockOffset,
    maxAttempts: 1,
  });
  return { client, commands };
}

/**
 * The access key of the destination. A profile is looked up at the first signature, which rejects if it cannot be
 * found.
 */
export async function credentialsOf({ credentials }: Destination): Promise<Credentials> {
  if (!('profile' in credentials)) return () => Promise.resolve(credentials);
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider({ profile: credentials.profile });
}

/** The options of a command that `signal` aborts. */
export function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
