/**
 * A POST to an address that an owner has named. The name is looked up here, and the connection made only where it leads to
 * the public internet, so that a name that leads elsewhere by now gets nobody into the cloud's own network. Redirects are
 * not followed, and of an answer only the status counts.
 */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import type { LookupFunction } from 'node:net';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { isPublicAddress, type Reach } from '../public-address';

/** How long a receiver may take to answer, in ms. */
export const PATIENCE = 10_000;

/** What is read of an answer before the connection is ended, in bytes. */
const MOST_READ = 65_536;

/** A request to a receiver. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string | Buffer;
}

/** A receiver did not take a message. `status` is absent where none came. */
export class NotTaken extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/**
 * Sends. `lookup` finds the addresses of a name: the system's, where none is given.
 * @throws NotTaken, for the owner to read, where the answer is not 2xx, or none comes in time
 */
export async function post({ url, headers, body }: Post, reach: Reach, lookup?: LookupFunction): Promise<void> {
  if (!isPublicAddress(url, reach)) throw new NotTaken('Its address must be https, on the public internet.');
  const options = { allowIPAddressList: reach.loopback ? ['127.0.0.1', '::1'] : [], keepAlive: false };
  const isPlain = new URL(url).protocol === 'http:';
  const agent = isPlain ? new RequestFilteringHttpAgent(options) : new RequestFilteringHttpsAgent(options);
  const request = isPlain ? plain : secure;
  const length = Buffer.byteLength(body);
  const signal = AbortSignal.timeout(PATIENCE);
  const status = await new Promise<number>((resolve, reject) => {
    const sent = request(url, {
      ...{ method: 'POST', agent, signal, headers: { ...headers, 'Content-Length': length } },
      ...(lookup && { lookup }),
    });
    sent.once('error', (error) => reject(new NotTaken(reasonOf(error, signal.aborted))));
    sent.once('response', (response) => {
      let read = 0;
      response.on('data', (piece: Buffer) => {
        read += piece.length;
        if (read > MOST_READ) response.destroy();
      });
      // What breaks the answer off does not take the status back.
      response.on('error', () => {});
      resolve(response.statusCode ?? 0);
    });
    sent.end(body);
  });
  if (status < 200 || status > 299) throw new NotTaken(`It answered with status ${status}.`, status);
}

function reasonOf(error: Error, isLate: boolean): string {
  if (isLate) return `It did not answer within ${PATIENCE / 1000} seconds.`;
  if (/is not allowed/.test(error.message)) return 'Its name leads to a private network.';
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'Its name is not known.';
  if (code === 'ECONNREFUSED') return 'Nothing listens there.';
  return `It cannot be reached${code === '' ? '' : ` (${code})`}.`;
}
