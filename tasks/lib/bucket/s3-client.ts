/** The AWS SDK's client, loaded when it is needed first: it takes a Pi seconds, and most pictures go without it. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Destination } from '../settings/settings';
import { isPathStyle } from './endpoint';

/** A client and the commands that it takes. */
export interface Client {
  readonly client: S3Client;
  readonly commands: typeof import('@aws-sdk/client-s3');
}

export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type Credentials = () => Promise<Identity>;

/** What a client is made of, beside the destination. */
export interface ClientParts {
  readonly credentials: Credentials;
  readonly handler: NodeHttpHandler;
  readonly region: string;
  /** Ms to add to this machine's clock to have S3's. */
  readonly clockOffset: number;
}

/** Loads the SDK and makes a client that tries everything once. */
export async function loadClient(destination: Destination, parts: ClientParts): Promise<Client> {
  const { endpoint } = destination;
  // The SDK's notice about Node versions of the future is for developers, not for the log of a camera.
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

/** Who signs; a profile is looked up at the first signature, and rejects then where it cannot be had. */
export async function credentialsOf({ credentials }: Destination): Promise<Credentials> {
  if (!('profile' in credentials)) return () => Promise.resolve(credentials);
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider({ profile: credentials.profile });
}

/** The options of a command that ends when `signal` fires. */
export function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
