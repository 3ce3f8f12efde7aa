import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { bundle } from '../../lambda/build';
import { TestCloud } from './cloud';
import * as corpus from './media/corpus';

// Below lambda/, so that the bundle finds this machine's sharp; `npm run build` lays Lambda's own beside it.
const DIRECTORY = join(__dirname, '..', '..', 'lambda', 'dist', 'test');

describe('lambda: the bundle', function () {
  this.timeout(60_000);
  let cloud: TestCloud;
  before(async () => {
    await mkdir(DIRECTORY, { recursive: true });
    await bundle('ingest', DIRECTORY);
    cloud = await TestCloud.start();
  });
  after(async () => {
    await cloud.stop();
    await rm(DIRECTORY, { recursive: true });
  });

  /** Invokes the bundle in a process of its own, as Lambda does. */
  const invoke = async (event: unknown, env: NodeJS.ProcessEnv): Promise<string> => {
    const script = `require(${JSON.stringify(join(DIRECTORY, 'ingest.js'))}).handler(JSON.parse(process.argv[1]), {})`;
    const child = spawn(process.execPath, ['-e', script, JSON.stringify(event)], {
      env: { PATH: process.env.PATH, POWERTOOLS_METRICS_DISABLED: 'true', ...cloud.environment(), ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += text;
      });
    }
    await once(child, 'close');
    return output;
  };

  it('publishes a picture, with the face engine that lies beside it', async () => {
    const record = await cloud.upload('jane/a.jpg', await corpus.jpeg());
    expect(await invoke({ Records: [record] }, { FACES: 'embedded' })).to.include('"message":"published"');
    expect((await cloud.itemsOf('EVENT'))[0]).to.include({ engine: 'face-api-ssd-1.7.15' });
  });

  it('calls refusals by their names', async () => {
    const record = await cloud.upload('jane/b.jpg', Buffer.from('<html>'));
    expect(await invoke({ Records: [record] }, { FACES: 'off' })).to.include('"reason":"NotAnImage"');
  });

  it('serves the page that lies beside it, and loads neither face engine nor image library', async () => {
    const directory = `${DIRECTORY}-gallery`;
    const sources = await bundle('gallery', directory);
    try {
      expect(sources.filter((path) => /sharp|tensorflow|face-api/.test(path))).to.deep.equal([]);
      const http = { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' };
      const domainName = 'abc.lambda-url.eu-west-1.on.aws';
      const request = {
        ...{ version: '2.0', routeKey: '$default', rawPath: '/', rawQueryString: '', isBase64Encoded: false },
        headers: { host: domainName, 'x-forwarded-proto': 'https' },
        requestContext: { http, domainName, requestId: 'test', timeEpoch: 0 },
      };
      const script = `require(${JSON.stringify(join(directory, 'gallery.js'))})
        .handler(${JSON.stringify(request)}, {}).then((answer) => console.log(JSON.stringify(answer)))`;
      const env = { PATH: process.env.PATH, ...cloud.environment(), UPLOADS_BUCKET: cloud.uploads, FACES: 'off' };
      const child = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (text: Buffer) => {
        output += text;
      });
      await once(child, 'close');
      expect(output).to.include('"statusCode":200').and.to.include('<!doctype html>');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('says which variable is missing', async () => {
    expect(await invoke({}, { TABLE_NAME: '' })).to.include('The environment variable TABLE_NAME is not set');
  });
});
