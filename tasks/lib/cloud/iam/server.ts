/**
 * The embedded IAM: the part of Amazon's that the accounts command needs to make and delete key pairs, so that the same
 * command runs on one machine. It speaks AWS's Query protocol (a signed form, answered in XML) on a port of its own,
 * and serves only the owner; its users are in users.ts. Unknown operations are refused.
 * docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Credentials } from '../credentials';
import { Connections, close, drain, listen, SERVER_OPTIONS } from '../listening';
import { S3Error } from '../s3/errors';
import { parseRequest } from '../s3/request';
import { authenticate } from '../s3/signature';
import { toXml } from '../s3/xml';
import { IamError } from './error';
import { answer, NAMESPACE } from './operations';
import type { IamUsers } from './users';

/** Options of `startIam`. */
export interface IamOptions {
  readonly users: IamUsers;
  /** The only key pair that may call it. */
  readonly owner: Credentials;
  /** 0, the default, means any free port. */
  readonly port?: number;
  /** Returns ms since 1970. */
  readonly now?: () => number;
}

/** A running server. */
export interface Iam {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Largest request, in bytes: twice what the longest encoded policy needs. */
const MOST_BYTES = 16 * 1024;
/** Most connections; the accounts command has one. */
const MOST_CONNECTIONS = 64;
/** Ms within which a request must arrive. */
const REQUEST_TIMEOUT = 30_000;

/**
 * Starts a server and waits until it listens.
 *
 * @throws Error of Node's `listen`
 */
export async function startIam({ users, owner, port = 0, now = Date.now }: IamOptions): Promise<Iam> {
  const server = createServer({ ...SERVER_OPTIONS, requestTimeout: REQUEST_TIMEOUT }, async (message, response) => {
    // A client that goes away is no fault.
    message.on('error', () => {});
    const requestId = randomUUID();
    try {
      const form = await authenticForm(message, owner, now);
      send(response, 200, answer(users, form, requestId));
    } catch (error) {
      const refusal = refusalOf(error);
      const { code, message: text } = refusal;
      const content = { Error: { Type: refusal.status < 500 ? 'Sender' : 'Receiver', Code: code, Message: text } };
      send(response, refusal.status, toXml('ErrorResponse', { ...content, RequestId: requestId }, NAMESPACE));
      drain(message);
    }
  });
  new Connections(server, MOST_CONNECTIONS);
  const listening = await listen(server, port, HOST);
  return { endpoint: `http://${HOST}:${listening}`, close: () => close(server) };
}

/**
 * The form of a request.
 *
 * @throws IamError if the owner did not sign the request, or it is no form.
 */
async function authenticForm(
  message: IncomingMessage,
  owner: Credentials,
  now: () => number,
): Promise<ReadonlyMap<string, string>> {
  if (message.method !== 'POST') throw new IamError('InvalidAction', 'Only POST is known here.');
  const pieces: Buffer[] = [];
  let size = 0;
  const wire: AsyncIterable<Buffer> = message.iterator({ destroyOnReturn: false });
  for await (const piece of wire) {
    size += piece.length;
    if (size > MOST_BYTES) throw new IamError('ValidationError', `A request may have ${MOST_BYTES} bytes.`);
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  const request = parseRequest(message);
  if (request.header('authorization') === undefined) {
    throw new IamError('MissingAuthenticationToken', 'Request is missing Authentication Token');
  }
  authenticate(request, {
    // A client with a custom endpoint signs for its own region, not for IAM's only one.
    service: 'iam',
    bodySha256: createHash('sha256').update(body).digest('hex'),
    now,
    keyPair: (id) => (id === owner.accessKeyId ? { ...owner, policy: [] } : undefined),
  });
  return new Map(new URLSearchParams(body.toString()));
}

/** Expresses the result of the signature check in IAM's codes. */
function refusalOf(error: unknown): IamError {
  if (error instanceof IamError) return error;
  if (!(error instanceof S3Error)) {
    process.emitWarning(error instanceof Error ? error : String(error));
    return new IamError('ServiceFailure', 'The request failed for an unknown reason. See the log of grunt cloud.');
  }
  switch (error.code) {
    case 'InvalidAccessKeyId':
      return new IamError(
        'InvalidClientTokenId',
        "The security token included in the request is invalid; only the owner's key pair is known here.",
      );
    case 'SignatureDoesNotMatch':
    case 'RequestTimeTooSkewed':
      return new IamError(error.code, error.message);
    default:
      return new IamError('AccessDenied', error.message);
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
