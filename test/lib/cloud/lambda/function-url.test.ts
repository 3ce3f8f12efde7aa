import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FunctionUrl, startFunctionUrl } from '../../../../tasks/lib/cloud/lambda/function-url';

/** A handler that tells its event, or does what the path says. */
const HANDLER = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
exports.handler = async (event) => {
  switch (event.rawPath) {
    case '/text': return 'plain';
    case '/object': return { a: 1 };
    case '/nothing': return;
    case '/page': return { statusCode: 200, headers: { 'Content-Type': 'text/html', 'X-Number': 5, connection: 'close' }, cookies: ['a=1; HttpOnly', 'b=2'], body: '<p>ü</p>' };
    case '/bytes': return { statusCode: 200, headers: { 'content-type': 'image/png' }, body: Buffer.from([137, 80, 0, 255]).toString('base64'), isBase64Encoded: true };
    case '/none': return { statusCode: 204 };
    case '/unchanged': return { statusCode: 304, headers: { etag: '"x"' } };
    case '/redirect': return { statusCode: 302, headers: { location: 'http://127.0.0.1/elsewhere' } };
    case '/throw': throw new TypeError('secret detail');
    case '/hang': return wait(60_000);
    case '/exit': process.exit(3);
    case '/slow': await wait(300); return { statusCode: 200, body: String(process.pid) };
    case '/large': return { statusCode: 200, body: 'x'.repeat(Number(event.queryStringParameters.size)) };
    case '/size': return { size: event.body === undefined ? 0 : Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8').length };
    case '/bad-status': return { statusCode: 'many', body: '' };
    case '/bad-header': return { statusCode: 200, headers: { 'x-evil': 'a\\r\\nset-cookie: b=1' }, body: '' };
    case '/bad-body': return { statusCode: 200, body: { a: 1 } };
    default: return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
  }
};`;

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  readonly socketPort: number | undefined;
}

describe('a Function URL on one machine', () => {
  let directory: string;
  let url: FunctionUrl;
  const lines: string[] = [];
  const agent = new Agent({ keepAlive: true });
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kerberos-url-'));
    const module = join(directory, 'handler.js');
    writeFileSync(module, HANDLER);
    const onLine = (line: string) => void lines.push(line);
    const now = () => Date.UTC(2026, 2, 12, 19, 3, 58, 5);
    url = await startFunctionUrl({
      function: { name: 'test', module, env: {}, timeLimit: 1000, onLine },
      port: 0,
      now,
    });
  });
  after(async () => {
    agent.destroy();
    await url.close();
    rmSync(directory, { recursive: true });
  });

  const ask = async (
    path: string,
    {
      method = 'GET',
      headers = {},
      body,
    }: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
  ): Promise<Reply> => {
    const request = httpRequest({ host: '127.0.0.1', port: url.port, path, method, headers, agent });
    request.end(body);
    const [response] = await once(request, 'response');
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece);
    const received = Buffer.concat(pieces);
    return {
      status: response.statusCode,
      headers: response.headers,
      body: received,
      text: received.toString(),
      socketPort: request.socket?.localPort,
    };
  };
  const eventOf = async (...args: Parameters<typeof ask>) => JSON.parse((await ask(...args)).text);

  it('gives the function the event of payload format 2.0', async () => {
    const event = await eventOf('/a%2Fb/%C3%BC?x=1&y=a%20b&x=2&z', {
      headers: { 'User-Agent': 'test', Cookie: 'a=1; b=2', 'X-Two': ['1', '2'], host: 'example.com:81' },
    });
    const { requestId } = event.requestContext;
    expect(requestId).to.match(/^[0-9a-f-]{36}$/);
    expect(event.headers['x-amzn-trace-id']).to.match(/^Root=1-69b30e1e-[0-9a-f]{24}$/);
    delete event.headers['x-amzn-trace-id'];
    expect(event).to.deep.equal({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%2Fb/%C3%BC',
      rawQueryString: 'x=1&y=a%20b&x=2&z',
      cookies: ['a=1', 'b=2'],
      headers: {
        'user-agent': 'test',
        'x-two': '1,2',
        host: 'example.com:81',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': String(url.port),
        'x-forwarded-proto': 'http',
      },
      queryStringParameters: { x: '1,2', y: 'a b', z: '' },
      requestContext: {
        accountId: 'anonymous',
        apiId: 'local',
        domainName: '127.0.0.1',
        domainPrefix: 'local',
        http: {
          method: 'GET',
          path: '/a%2Fb/%C3%BC',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId,
        routeKey: '$default',
        stage: '$default',
        time: '12/Mar/2026:19:03:58 +0000',
        timeEpoch: Date.UTC(2026, 2, 12, 19, 3, 58, 5),
      },
      isBase64Encoded: false,
    });
  });

  it('believes nothing that a client says of the way it came', async () => {
    const headers = {
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Proto': 'https',
      'x-forwarded-host': 'evil',
      Forwarded: 'for=1.2.3.4',
      'x-real-ip': '1.2.3.4',
      'X-Amzn-Trace-Id': 'mine',
    };
    const event = await eventOf('/', { headers });
    expect(JSON.stringify(event)).not.to.match(/1\.2\.3\.4|evil|https|mine/);
    expect(event.requestContext.http.sourceIp).to.equal('127.0.0.1');
  });

  it('hands text on as text and everything else as Base64, byte for byte', async () => {
    const post = async (type: string | undefined, body: string | Buffer) => {
      const headers = type === undefined ? {} : { 'content-type': type };
      const event = await eventOf('/', { method: 'POST', headers, body });
      return [event.body, event.isBase64Encoded];
    };
    expect(await post('application/json; charset=utf-8', '{"a":"ü"}')).to.deep.equal(['{"a":"ü"}', false]);
    expect(await post('text/plain', 'ü')).to.deep.equal(['ü', false]);
    const bytes = Buffer.from([0, 255, 128]);
    expect(await post('application/octet-stream', bytes)).to.deep.equal([bytes.toString('base64'), true]);
    expect(await post(undefined, 'a')).to.deep.equal(['YQ==', true]);
    expect(await post('application/x-www-form-urlencoded', 'a=1')).to.deep.equal(['YT0x', true]);
    expect(await post('text/plain', '')).to.deep.equal([undefined, false]);
  });

  it('sends what the function answers, each cookie as a header of its own', async () => {
    const page = await ask('/page');
    expect(page.status).to.equal(200);
    expect(page.text).to.equal('<p>ü</p>');
    expect(page.headers).to.include({ 'content-type': 'text/html', 'x-number': '5', 'content-length': '9' });
    expect(page.headers['set-cookie']).to.deep.equal(['a=1; HttpOnly', 'b=2']);
    expect(page.headers.connection).to.equal('keep-alive');
    expect([...(await ask('/bytes')).body]).to.deep.equal([137, 80, 0, 255]);
    const redirect = await ask('/redirect');
    expect([redirect.status, redirect.headers.location]).to.deep.equal([302, 'http://127.0.0.1/elsewhere']);
    for (const [path, status] of [
      ['/none', 204],
      ['/unchanged', 304],
    ] as const) {
      const reply = await ask(path);
      expect([reply.status, reply.body.length, reply.headers['content-length']]).to.deep.equal([status, 0, undefined]);
    }
  });

  it('takes a result without a status as the body, as JSON', async () => {
    for (const [path, body] of [
      ['/text', '"plain"'],
      ['/object', '{"a":1}'],
      ['/nothing', 'null'],
    ] as const) {
      const { status, headers, text } = await ask(path);
      expect([status, headers['content-type'], text]).to.deep.equal([200, 'application/json', body]);
    }
  });

  it('answers a HEAD with the headers alone', async () => {
    const { status, headers, body } = await ask('/page', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).to.deep.equal([200, '9', 0]);
  });

  it('keeps a connection for the next request', async () => {
    const first = await ask('/text');
    expect((await ask('/text')).socketPort).to.equal(first.socketPort);
  });

  it('takes a body of 6 MB and none that is longer, whether its length is announced or not', async () => {
    const limit = 6 * 1024 ** 2;
    const post = (size: number, headers: OutgoingHttpHeaders = {}) =>
      ask('/size', { method: 'POST', headers, body: Buffer.alloc(size) });
    expect((await post(limit)).text).to.equal(`{"size":${limit}}`);
    const announced = await post(limit + 1);
    expect([announced.status, announced.text]).to.deep.equal([413, `A request may have ${limit} bytes.\n`]);
    expect((await post(limit + 1, { 'transfer-encoding': 'chunked' })).status).to.equal(413);
    expect((await ask('/text')).status).to.equal(200);
  });

  it('tells no details of a failure, and writes them to the log with the id that the answer has', async () => {
    const failed = await ask('/throw?a=1');
    expect([failed.status, failed.text]).to.deep.equal([502, 'Something failed here. Try again in a moment.\n']);
    const id = String(failed.headers['x-amzn-requestid']);
    expect(lines.some((line) => line.includes(id) && line.includes('TypeError: secret detail'))).to.equal(true);
    // Where it happened comes through a pipe.
    while (!lines.some((line) => /at .*handler\.js/.test(line))) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const path of ['/exit', '/bad-status', '/bad-header', '/bad-body', `/large?size=${6 * 1024 ** 2 + 1}`]) {
      const reply = await ask(path);
      expect([reply.status, reply.headers['set-cookie']], path).to.deep.equal([502, undefined]);
      expect(lines.at(-1), path).to.include(String(reply.headers['x-amzn-requestid']));
    }
    const late = await ask('/hang');
    expect([late.status, late.text]).to.deep.equal([504, 'This took too long. Try again in a moment.\n']);
    expect(lines.some((line) => line.includes('test took longer than 1 s'))).to.equal(true);
    expect((await ask('/text')).status).to.equal(200);
  });

  it('starts a process more when requests come at once, up to four, and answers all', async () => {
    const pids = await Promise.all(Array.from({ length: 10 }, async () => (await ask('/slow')).text));
    expect(new Set(pids).size).to.equal(4);
    expect(url.processes).to.equal(4);
  });

  it('lives on when a client goes away in the middle of its request', async () => {
    const socket = connect(url.port, '127.0.0.1');
    socket.write('POST /size HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc');
    await once(socket, 'connect');
    const logged = lines.length;
    socket.destroy();
    await once(socket, 'close');
    expect((await ask('/text')).status).to.equal(200);
    expect(lines.length).to.equal(logged);
  });

  it('needs one process where requests come one after the other', async () => {
    const alone = await startFunctionUrl({
      function: { name: 'alone', module: join(directory, 'handler.js'), env: {}, timeLimit: 1000, onLine: () => {} },
      port: 0,
    });
    for (let at = 0; at < 5; at++) expect((await fetch(`${alone.url}/text`)).status).to.equal(200);
    expect(alone.processes).to.equal(1);
    const pid = Number(await (await fetch(`${alone.url}/slow`)).text());
    await alone.close();
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });
});
