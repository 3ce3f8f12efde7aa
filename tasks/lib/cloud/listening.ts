/**
 * Starts and closes HTTP servers, and limits their connections. Anyone who reaches a port could open connections
 * without end and leave each in the middle of a request. So there is a limit, beyond which connections of unproven
 * clients are closed, the oldest first.
 */
import type { IncomingMessage, Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/** Ms that running requests have to finish when a server is closed. */
const CLOSE_GRACE = 1000;

/** Ms within which the headers of a request must arrive. */
const HEADERS_TIMEOUT = 20_000;

/** Bytes of a refused request's body that are still read: a client that is still sending sees no answer. */
const MOST_DRAINED = 16 * 1024 ** 2;
/** Ms for which a refused request's body is still read. */
const DRAIN_TIMEOUT = 10_000;

/** Options that all our servers share. */
export const SERVER_OPTIONS: ServerOptions = {
  keepAliveTimeout: 60_000,
  headersTimeout: HEADERS_TIMEOUT,
  connectionsCheckingInterval: 2000,
};

/** Limits the connections of a server to `most`. */
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

  /** Protects the connection of a request with a proven sender until `release`: it is closed last. */
  keep({ socket }: IncomingMessage): void {
    this.#kept.add(socket);
  }

  /** Ends the protection, because the request was answered. */
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
 * Waits until a server listens. Port 0 means any free port.
 *
 * @returns its port.
 * @throws Error of Node's `listen`, such as EADDRINUSE.
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A later failure, such as one accept too many, concerns one connection only.
      server.on('error', () => {});
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Reads and drops the rest of a refused request's body if it is small; otherwise closes the connection. */
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

/** Lets running requests finish for a second, then closes their connections. */
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
