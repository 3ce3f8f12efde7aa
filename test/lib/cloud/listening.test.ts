import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { Connections, close, listen, SERVER_OPTIONS } from '../../../tasks/lib/cloud/listening';
import { until } from '../../until';
import { BUCKET, DEVICE, send, sign, startTestServer } from './support';

describe('connections of a server', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  /** Connections that send the beginning of a request, and no more. */
  const open = async (port: number, count: number): Promise<Socket[]> => {
    const opened: Socket[] = [];
    for (let i = 0; i < count; i++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write('PUT /uploads/home/a.jpg HTTP/1.1\r\n');
      opened.push(socket);
    }
    sockets.push(...opened);
    return opened;
  };

  it('are so many at most: the oldest of those that have proven nothing goes first', async () => {
    const server = createServer(SERVER_OPTIONS, (_, response) => response.end());
    const connections = new Connections(server, 5);
    const port = await listen(server, 0, '127.0.0.1');
    try {
      const opened = await open(port, 20);
      await until(() => opened.filter(({ closed }) => closed).length === 15, '15 to be closed');
      expect(opened.slice(-5).some(({ closed }) => closed)).to.equal(false);
      expect(connections.size).to.equal(5);
    } finally {
      await close(server);
    }
  });

  it('of somebody who has signed stay while strangers open one after the other, and new ones come in', async () => {
    const { s3, stop } = await startTestServer({ mostConnections: 8 });
    try {
      const whole = Buffer.alloc(100_000, 'x');
      const { path, headers = {} } = await sign(
        s3.endpoint,
        { method: 'PUT', path: `/${BUCKET}/home/slow.jpg`, body: whole },
        { credentials: DEVICE },
      );
      const upload = connect(s3.port, '127.0.0.1');
      sockets.push(upload);
      let answer = '';
      upload.on('data', (data) => {
        answer += data;
      });
      const lines = Object.entries({ ...headers, 'content-length': String(whole.length) });
      upload.write(`PUT ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
      upload.write(whole.subarray(0, 10_000));
      // The signature is looked at as soon as the headers are there.
      await until(() => s3.objects.list(BUCKET, {}).objects.length === 0 && upload.bytesWritten > 10_000, 'it is sent');
      await send(s3.endpoint, { path: '/' });
      await open(s3.port, 40);
      const other = await sign(
        s3.endpoint,
        { method: 'PUT', path: `/${BUCKET}/home/b.jpg`, body: 'b' },
        { credentials: DEVICE },
      );
      expect((await send(s3.endpoint, other)).status).to.equal(200);
      upload.write(whole.subarray(10_000));
      await until(
        () => answer.startsWith('HTTP/1.1 200'),
        () => `the upload to be answered: ${answer}`,
      );
    } finally {
      await stop();
    }
  });
});
