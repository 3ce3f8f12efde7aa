import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request on its way: `true` means that the fault has answered it. */
export type Fault = (message: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A line to S3 that can be made to misbehave. Everything passes as it is unless `fault` says otherwise. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #backend: URL;
  readonly endpoint: string;
  fault: Fault | undefined;
  /** Changes bytes of a request's body. */
  damage: ((bytes: Buffer) => Buffer) | undefined;
  /** Changes headers of an answer. */
  lie: ((headers: Record<string, unknown>) => void) | undefined;
  requests: string[] = [];

  private constructor(server: Server, backend: string) {
    this.#server = server;
    this.#backend = new URL(backend);
    const { port } = server.address() as AddressInfo;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  static async start(backend: string): Promise<FaultyProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new FaultyProxy(server, backend);
    server.on('request', (message, response) => void proxy.#pass(message, response));
    return proxy;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #pass(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${message.method} ${message.url}`);
    if (await this.fault?.(message, response)) return;
    const { method, url, headers } = message;
    // The host is signed; the backend is told the one that the client used.
    const onward = request({ host: this.#backend.hostname, port: this.#backend.port, method, path: url, headers });
    onward.on('response', (answer) => {
      const said: Record<string, unknown> = { ...answer.headers };
      this.lie?.(said);
      response.writeHead(answer.statusCode ?? 500, said as Record<string, string>);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    message.on('data', (data: Buffer) => onward.write(this.damage ? this.damage(data) : data));
    message.on('end', () => onward.end());
  }
}

/** An error as S3 writes it. */
export function answerError(response: ServerResponse, status: number, code: string, more = ''): true {
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>said the test</Message>${more}</Error>`);
  return true;
}
