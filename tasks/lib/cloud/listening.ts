/**
 * The beginning and the end of an HTTP server, and how many connections it may have meanwhile. Whoever reaches a port could
 * open connections without end and leave each in the middle of a request; so there is a most, behind which those go first
 * that have not proven who they are, the oldest first.
 */
import type { IncomingMessage, Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/** How long requests under way may take when a server is closed, in milliseconds. */
const CLOSE_GRACE = 1000;

/** How long the headers of a request may take, in milliseconds. */
const HEADERS_TIMEOUT = 20_000;

/** How much of the body of a refused request is read, and for how long (ms): a client that still sends sees no answer. */
const MOST_DRAINED = 16 * 1024 ** 2;
const DRAIN_TIMEOUT = 10_000;

/** What every server here has in common. */
export const SERVER_OPTIONS: ServerOptions = {
  keepAliveTimeout: 60_000,
  headersTimeout: HEADERS_TIMEOUT,
  connectionsCheckingInterval: 2000,
};

/** Connections of a server, up to so many. */
export class Connections {
  readonly #server: Server;
  readonly #most: number;
  /** The oldest first. */
  readonly #open = new Set<Socket>();
  readonly #kept = new Set<Socket>();

  constructor(server: Server, most: number) {
    this.#server = server;
    this.#most = most;
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => {
        this.#open.delete(socket);
        this.#kept.delete(socket);
      });
      this.#makeRoom();
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Keeps a connection, whose request has proven who sends it, until that is answered: it goes last. */
  keep({ socket }: IncomingMessage): void {
    this.#kept.add(socket);
  }

  /** The request was answered. */
  release({ socket }: IncomingMessage): void {
    this.#kept.delete(socket);
  }

  #makeRoom(): void {
    if (this.#open.size <= this.#most) return;
    this.#server.closeIdleConnections();
    for (const socket of this.#open) {
      const left = [...this.#open].filter(({ destroyed }) => !destroyed).length;
      if (left <= this.#most) return;
      if (!this.#kept.has(socket)) socket.destroy();
    }
  }
}

/**
 * Waits until a server listens, and gives its port; port 0 takes any free one.
 * @throws Error of Node's `listen`, such as EADDRINUSE
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // What fails later, such as one accept too many, is the fault of that connection alone.
      server.on('error', () => {});
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Reads and drops what is left of a refused request's body, as far as that is little; otherwise ends the connection. */
export function drain(message: IncomingMessage): void {
  if (message.complete) return;
  const { socket } = message;
  const impatience = setTimeout(() => socket.destroy(), DRAIN_TIMEOUT);
  impatience.unref();
  let bytes = 0;
  message.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes > MOST_DRAINED) socket.destroy();
  });
  message.once('close', () => clearTimeout(impatience));
  message.on('error', () => {});
  message.resume();
}

/** Lets requests under way finish for a second, then ends their connections. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE);
    server.close(() => {
      clearTimeout(impatience);
      resolve();
    });
    server.closeIdleConnections();
  });
}
