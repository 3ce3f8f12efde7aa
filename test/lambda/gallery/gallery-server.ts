/**
 * The cloud application behind real HTTP, and its visitors. Each request becomes the event that a Function URL makes of it,
 * and every answer is held against openapi.yaml and must have the headers that all answers have.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { expect } from 'chai';
import { hashPassword } from '../../../lambda/lib/accounts/password';
import type { GalleryHandler } from '../../../lambda/lib/gallery/handler';
import { type Account, createAccount } from '../../../lambda/lib/table/account-item';
import { fieldsOf } from '../../../lambda/lib/table/fields';
import { Table } from '../../../lambda/lib/table/table';
import type { LambdaFunctionURLEvent } from '../../../lambda/test-packages';
import { eventOf, replyOf } from '../../../tasks/lib/cloud/lambda/function-url-event';
import type { TestCloud } from '../cloud';
import { type Answer, Contract } from './contract';

export const PASSWORD = 'correct horse battery';

/** Made once: it takes 50 ms. */
let passwordHash: Promise<string> | undefined;

/** Makes an account whose password is PASSWORD. */
export async function addAccount(cloud: TestCloud, name: string, other: Partial<Account> = {}): Promise<Account> {
  passwordHash ??= hashPassword(PASSWORD);
  const account: Account = {
    name,
    state: 'active',
    retentionDays: 365,
    passwordHash: await passwordHash,
    sessionKey: randomBytes(32),
    endedSessions: new Set(),
    accessKeyId: 'AKIATEST',
    created: new Date(),
    ...other,
  };
  expect(await createAccount(new Table(cloud.documents, cloud.tableName), account)).to.equal(true);
  return account;
}

/** The handler of a cloud application on a port of its own. */
export class GalleryServer {
  /** What the next requests seem to come by, and from. */
  proto: 'http' | 'https' = 'http';
  sourceIp = '203.0.113.7';
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(handler: GalleryHandler): Promise<GalleryServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('The server listens on no port.');
    const gallery = new GalleryServer(server, address.port);
    const answer = async (message: IncomingMessage) => {
      const body = Buffer.concat(await message.toArray());
      const circumstances = { requestId: randomBytes(8).toString('hex'), now: Date.now(), port: address.port };
      const event = eventOf(message, body, circumstances);
      assertEvent(event);
      event.headers['x-forwarded-proto'] = gallery.proto;
      event.requestContext.http.sourceIp = gallery.sourceIp;
      return replyOf(JSON.parse(JSON.stringify(await handler(event))));
    };
    server.on('request', (message, response) => {
      answer(message).then(
        ({ status, headers, body }) => response.writeHead(status, headers).end(body),
        (error) => response.writeHead(502).end(String(error)),
      );
    });
    return gallery;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Somebody who is not logged in. */
  visitor(): Visitor {
    return new Visitor(this);
  }

  /** Somebody who is. */
  async loggedIn(user: string, password = PASSWORD): Promise<Visitor> {
    const visitor = this.visitor();
    const { status, text } = await visitor.logIn(user, password);
    expect(status, text).to.equal(204);
    return visitor;
  }
}

const contract = new Contract();

/** A browser: it keeps cookies, and sends what the page sends. It follows no redirects. */
export class Visitor {
  /** By name. */
  readonly cookies = new Map<string, string>();
  readonly #gallery: GalleryServer;

  constructor(gallery: GalleryServer) {
    this.#gallery = gallery;
  }

  async logIn(user: string, password: string): Promise<Answer> {
    return await this.send('POST', '/api/session', { user, password });
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.request('GET', path, { headers });
  }

  /** A GET that must be answered with 200: the JSON. */
  async read(path: string): Promise<Record<string, unknown>> {
    const { status, json, text } = await this.get(path);
    expect(status, `GET ${path}: ${text}`).to.equal(200);
    return { ...fieldsOf(json) };
  }

  /** A request that changes something, as the page sends it. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { 'content-type': 'application/json', origin: this.#gallery.url, 'sec-fetch-site': 'same-origin' };
    return await this.request(method, path, { headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  /** Any request. */
  async request(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> } = {},
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.#gallery.url + path, {
      method,
      redirect: 'manual',
      headers: { ...(cookie ? { cookie } : {}), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text, json: jsonOf(text) };
    for (const set of response.headers.getSetCookie()) this.#keep(set);
    checkHeaders(`${method} ${path}: ${answer.status}`, answer, this.#gallery.proto);
    if (/^\/(api|events)(\/|$|\?)/.test(path)) contract.check(method, path, answer);
    return answer;
  }

  #keep(setCookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? [];
    if (value === '' || /max-age=0/i.test(setCookie)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** Every answer has these, whatever it is about. */
function checkHeaders(what: string, { headers }: Answer, proto: string): void {
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy, what).to.match(
    /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https?:\/\/\S+;/,
  );
  expect(policy, what)
    .to.include("frame-ancestors 'none'")
    .and.not.to.match(/unsafe|\*/);
  expect(headers.get('x-content-type-options'), what).to.equal('nosniff');
  expect(headers.get('referrer-policy'), what).to.equal('no-referrer');
  expect(headers.get('cross-origin-opener-policy'), what).to.equal('same-origin');
  expect(headers.get('cross-origin-resource-policy'), what).to.equal('same-origin');
  expect(headers.get('permissions-policy'), what).to.include('camera=()');
  expect(headers.has('strict-transport-security'), what).to.equal(proto === 'https');
  expect(headers.has('cache-control'), what).to.equal(true);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function assertEvent(event: object): asserts event is LambdaFunctionURLEvent {
  expect(event).to.include({ version: '2.0' });
}
