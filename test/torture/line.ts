/**
 * The line between `grunt sync` and the bucket, which can be made to misbehave. It keeps count of what it has confirmed: an
 * upload that the bucket took and whose answer went back whole. To confirm the same bytes of the same key again means that
 * a picture was sent twice.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';

/** Does something else to a request than to pass it on; false when it leaves this one alone. */
export type Weather = (exchange: Exchange) => boolean | Promise<boolean>;

/** One request on the line. */
export interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Passes it on. `edit` may change the head of the answer; the answer does not count as a confirmation then. */
  pass(edit?: (answer: { status: number; headers: Record<string, string | string[] | undefined> }) => void): void;
  /** Passes it on, and hands over the answer that the bucket gave, for the fault to treat as it likes. */
  ask(): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>;
}

/** When the same bytes of a key were confirmed: milliseconds, monotonic. */
export type Confirmations = Map<string, number[]>;

export class Line {
  readonly #backend: URL;
  #server: Server;
  #port = 0;
  weather: Weather | undefined;
  /** How many requests a fault has struck. */
  struck = 0;
  readonly confirmations: Confirmations = new Map();

  private constructor(backend: string) {
    this.#backend = new URL(backend);
    this.#server = this.#newServer();
  }

  static async start(backend: string): Promise<Line> {
    const line = new Line(backend);
    await line.mend();
    return line;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens again, and everything passes. */
  async mend(): Promise<void> {
    this.weather = undefined;
    if (this.#server.listening) return;
    this.#server = this.#newServer();
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    const address = this.#server.address() as AddressInfo;
    this.#port = address.port;
  }

  /** Refuses connections, and resets those that there are. */
  async cut(): Promise<void> {
    this.struck++;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Resets the connections that there are; new ones are taken. */
  reset(): void {
    this.struck++;
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #newServer(): Server {
    const server = createServer({ keepAliveTimeout: 60_000 });
    server.on('request', (message, response) => void this.#handle(message, response));
    return server;
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const hash = createHash('sha256');
    const { weather } = this;
    const exchange: Exchange = {
      message,
      response,
      pass: (edit) => this.#pass(message, response, hash, edit),
      ask: () => this.#ask(message),
    };
    message.on('error', () => {});
    response.on('error', () => {});
    try {
      if (weather && (await weather(exchange))) {
        this.struck++;
        return;
      }
    } catch {
      response.destroy();
      return;
    }
    exchange.pass();
  }

  #onward(message: IncomingMessage) {
    const { method, url, headers } = message;
    // The host is signed: the bucket is told the one that the client used.
    return request({ host: this.#backend.hostname, port: this.#backend.port, method, path: url, headers });
  }

  #pass(
    message: IncomingMessage,
    response: ServerResponse,
    hash: ReturnType<typeof createHash>,
    edit?: Parameters<Exchange['pass']>[0],
  ) {
    const onward = this.#onward(message);
    onward.on('response', (answer) => {
      const head = { status: answer.statusCode ?? 500, headers: { ...answer.headers } };
      edit?.(head);
      response.writeHead(head.status, head.headers);
      answer.pipe(response);
      const isUpload = message.method === 'PUT' && !message.url?.includes('?') && head.status === 200;
      if (isUpload && !edit) response.on('finish', () => this.#confirmed(message.url ?? '', hash.digest('hex')));
    });
    onward.on('error', () => response.destroy());
    message.on('data', (data: Buffer) => {
      hash.update(data);
      onward.write(data);
    });
    message.on('end', () => onward.end());
    message.on('close', () => {
      if (!message.complete) onward.destroy();
    });
  }

  #ask(message: IncomingMessage): ReturnType<Exchange['ask']> {
    return new Promise((resolve, reject) => {
      const onward = this.#onward(message);
      onward.on('error', reject);
      onward.on('response', (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: Buffer.concat(parts) }),
        );
      });
      message.pipe(onward);
    });
  }

  #confirmed(key: string, hash: string): void {
    const name = `${key} ${hash}`;
    this.confirmations.set(name, [...(this.confirmations.get(name) ?? []), performance.now()]);
  }
}

/** Ends the connection of a request with a reset rather than in order. */
export function resetConnection({ message }: Exchange): void {
  if (message.socket instanceof Socket) message.socket.resetAndDestroy();
}
