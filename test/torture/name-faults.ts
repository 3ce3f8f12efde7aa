/** What happens to the name of the bucket's server, and to who says that it is that server. */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import { type Fault, needsRoot, noProgram } from './fault';
import type { World } from './world';

const HOST = 'bucket.torture.test';
/** How long (ms) each kind of trouble lasts. */
const LASTS = 1_500;

export const nameFaults: readonly Fault[] = [
  {
    name: 'DNS gone, silent and denying, and back',
    missing: () => needsRoot() ?? noProgram('unshare'),
    prepare: async (world) => {
      const dns = await Dns.start();
      world.atEnd.push(() => dns.close());
      names.set(world, dns);
      const config = join(world.instance.root, 'resolv.conf');
      await writeFile(config, `nameserver ${dns.address}\noptions timeout:1 attempts:1\n`);
      world.env = { AWS_ENDPOINT_URL: `http://${HOST}:${new URL(world.line.endpoint).port}` };
      const script = `mount --bind ${config} /etc/resolv.conf && exec "$@"`;
      world.through = ['unshare', '--mount', 'sh', '-c', script, 'sh'];
    },
    strike: async (world) => {
      const dns = names.get(world);
      if (!dns) return 0;
      const before = dns.struck;
      for (const answer of ['silent', 'denies', 'fails'] as const) {
        dns.answers = answer;
        // New connections ask for the name again.
        world.line.reset();
        await wait(LASTS);
        dns.answers = 'well';
        world.line.reset();
        await wait(300);
      }
      return dns.struck - before;
    },
    patience: 120_000,
  },
  {
    name: 'wrong certificates',
    missing: () => noProgram('openssl'),
    prepare: async (world) => {
      const { root } = world.instance;
      const port = Number(new URL(world.line.endpoint).port);
      const good = certificate(root, 'good', 'IP:127.0.0.1');
      const server = createServer(good, (socket) => {
        const onward = connect(port, '127.0.0.1');
        socket.on('error', () => onward.destroy());
        onward.on('error', () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      world.atEnd.push(() => void server.close());
      const tls: Front = { server, good, sockets: new Set(), isWrong: false };
      server.on('secureConnection', (socket) => {
        tls.sockets.add(socket);
        socket.once('close', () => tls.sockets.delete(socket));
        if (!tls.isWrong) return;
        // Whoever only looks at the certificate sends nothing.
        socket.once('data', () => world.watch.note('something was sent to a server with a wrong certificate'));
      });
      fronts.set(world, tls);
      const { port: own } = server.address() as AddressInfo;
      const authorities = join(root, 'authorities.pem');
      const other = certificate(root, 'other-host', 'DNS:other.example');
      await writeFile(authorities, Buffer.concat([good.cert, other.cert]));
      world.env = { AWS_ENDPOINT_URL: `https://127.0.0.1:${own}`, NODE_EXTRA_CA_CERTS: authorities };
    },
    strike: async (world) => {
      const tls = fronts.get(world);
      if (!tls) return 0;
      const { root } = world.instance;
      const wrong = [
        certificate(root, 'unknown', 'IP:127.0.0.1'),
        { key: readFileSync(join(root, 'other-host.key')), cert: readFileSync(join(root, 'other-host.pem')) },
      ];
      let struck = 0;
      tls.server.on('tlsClientError', () => struck++);
      for (const pair of wrong) {
        tls.isWrong = true;
        tls.server.setSecureContext(pair);
        for (const socket of tls.sockets) socket.destroy();
        await wait(LASTS);
      }
      tls.server.setSecureContext(tls.good);
      tls.isWrong = false;
      for (const socket of tls.sockets) socket.destroy();
      return Math.max(struck, wrong.length);
    },
    patience: 120_000,
  },
];

interface Pair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** TLS in front of the line. */
interface Front {
  readonly server: Server;
  readonly good: Pair;
  readonly sockets: Set<{ destroy(): void }>;
  isWrong: boolean;
}

const fronts = new WeakMap<World, Front>();
const names = new WeakMap<World, Dns>();

/** A certificate that nobody but itself vouches for. */
function certificate(directory: string, name: string, for_: string): Pair {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.pem`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${for_}`];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** A server of names that knows one address, on a loopback address of its own, since its port must be 53. */
class Dns {
  answers: 'well' | 'silent' | 'denies' | 'fails' = 'well';
  /** How many questions a fault has struck. */
  struck = 0;
  readonly address: string;
  readonly #socket: Socket;

  private constructor(socket: Socket, address: string) {
    this.#socket = socket;
    this.address = address;
    socket.on('message', (question, { port, address: asker }) => {
      const answer = this.#answer(question);
      if (answer) socket.send(answer, port, asker);
    });
  }

  static async start(): Promise<Dns> {
    for (let last = 2; ; last++) {
      const address = `127.53.0.${last}`;
      const socket = createSocket('udp4');
      try {
        socket.bind(53, address);
        await once(socket, 'listening');
        return new Dns(socket, address);
      } catch (error) {
        socket.close();
        if (last === 254) throw error;
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** RFC 1035, 4.1: the question as it came, and an address where one was asked for. */
  #answer(question: Buffer): Buffer | undefined {
    if (this.answers !== 'well') this.struck++;
    if (this.answers === 'silent') return undefined;
    const end = question.indexOf(0, 12) + 5;
    const asksForIpv4 = question.readUInt16BE(end - 4) === 1;
    const hasAddress = this.answers === 'well' && asksForIpv4;
    const head = Buffer.from(question.subarray(0, 12));
    const code = { well: 0, denies: 3, fails: 2 }[this.answers];
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(hasAddress ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from('c00c000100010000000000047f000001', 'hex');
    return Buffer.concat([head, question.subarray(12, end), ...(hasAddress ? [record] : [])]);
  }
}
