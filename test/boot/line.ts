/** The line between the Pi and the cloud: it can be cut, and it can be slow. */
import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

export class Line {
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  /** How long what the Pi sends is held back, in ms. */
  delay = 0;
  /** The paths of the PUT requests that passed, in their order. */
  readonly puts: string[] = [];

  constructor(readonly cloudPort: number) {}

  /** The port at the Pi's end; the same every time that the line is up. */
  get port(): number {
    return this.#port;
  }

  async up(): Promise<void> {
    const server = createServer((near) => this.#join(near));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    this.#server = server;
  }

  /** Cuts the line: open connections break, new ones are refused. */
  async cut(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server !== undefined) await once(this.#server, 'close');
    this.#server = undefined;
  }

  /** The line is fast again; what is under way arrives in its time. */
  heal(): void {
    this.delay = 0;
  }

  #join(near: Socket): void {
    const far = dial(this.cloudPort, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    near.on('data', (data) => {
      const put = /^PUT (\S+) /.exec(data.toString('latin1'))?.[1];
      if (put !== undefined) this.puts.push(decodeURIComponent(put.replace(/\?.*/, '')));
      setTimeout(() => far.write(data), this.delay);
    });
    far.on('data', (data) => near.write(data));
    near.on('end', () => setTimeout(() => far.end(), this.delay));
    far.on('end', () => near.end());
  }
}
