import { expect } from 'chai';
import { galleryApp } from '../../../lambda/lib/gallery/app';
import { Table } from '../../../lambda/lib/table/table';
import { TestCloud } from '../cloud';
import { Contract } from './contract';
import { addAccount, GalleryServer, PASSWORD, type Visitor } from './gallery-server';

describe('gallery: what every request goes through', () => {
  let cloud: TestCloud;
  let gallery: GalleryServer;
  let jane: Visitor;

  before(async () => {
    cloud = await TestCloud.start();
    gallery = await GalleryServer.start(cloud.gallery());
    await addAccount(cloud, 'jane');
    jane = await gallery.loggedIn('jane');
  });
  after(async () => {
    await gallery.stop();
    await cloud.stop();
  });

  const json = { 'content-type': 'application/json' };

  it('nothing is changed by what a page elsewhere could send, with whatever it sends along', async () => {
    const body = JSON.stringify({ timeZone: 'Asia/Tokyo' });
    const foreign: Record<string, Record<string, string>> = {
      'a form': { 'content-type': 'application/x-www-form-urlencoded' },
      'a form of plain text': { 'content-type': 'text/plain' },
      'a form that says it is JSON too': { 'content-type': 'text/plain; application/json' },
      'a form with files': { 'content-type': 'multipart/form-data; boundary=x' },
      'no type': {},
      'another origin': { ...json, origin: 'https://evil.example' },
      'another port': { ...json, origin: 'http://127.0.0.1:1' },
      'the origin of a sandbox': { ...json, origin: 'null' },
      'an origin that begins the same': { ...json, origin: `${gallery.url}.evil.example` },
      'no origin in the header': { ...json, origin: 'nonsense' },
      'another site': { ...json, 'sec-fetch-site': 'cross-site' },
      'a neighbour': { ...json, 'sec-fetch-site': 'same-site' },
      'another site with our origin': { ...json, origin: gallery.url, 'sec-fetch-site': 'cross-site' },
    };
    for (const [what, headers] of Object.entries(foreign)) {
      for (const [method, path] of [
        ['PATCH', '/api/account'],
        ['DELETE', '/api/session'],
        ['POST', '/api/session'],
        ['DELETE', '/api/events/abcdefghijkl'],
        ['PUT', '/api/account/password'],
      ] as const) {
        const bytes = new TextEncoder().encode(body);
        expect((await jane.request(method, path, { headers, body: bytes })).status, `${what}: ${method}`).to.equal(403);
      }
    }
    expect(await jane.read('/api/account')).not.to.have.property('timeZone');
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'PATCH' };
    const { status, headers } = await jane.request('OPTIONS', '/api/account', { headers: preflight });
    expect(status).to.equal(403);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).to.deep.equal([]);
    expect((await jane.send('PATCH', '/api/account', { timeZone: 'Asia/Tokyo' })).status).to.equal(200);
  });

  it('bodies that are too large, no JSON, or another shape are refused with what is wrong', async () => {
    const send = (body: string | Uint8Array<ArrayBuffer>) =>
      jane.request('PATCH', '/api/account', { headers: json, body });
    expect((await send(JSON.stringify({ timeZone: 'x'.repeat(20_000) }))).status).to.equal(413);
    expect((await send(`${' '.repeat(20_000)}{}`)).status).to.equal(413);
    for (const wrong of ['', '{', 'null', '[]', '"text"', '5', '{"timeZone":null}', '{"__proto__":{"a":1},"x":1}']) {
      expect((await send(wrong)).status, wrong).to.equal(400);
    }
    expect((await send(new Uint8Array([0x7b, 0xff, 0x7d]))).status).to.equal(400);
    const login = await gallery
      .visitor()
      .send('POST', '/api/session', { user: 'jane', password: { is: 'an-object-secret' } });
    expect(login.status).to.equal(400);
    expect(login.text).to.include('password').and.not.to.include('an-object-secret');
    expect((await gallery.visitor().logIn('x'.repeat(101), PASSWORD)).status).to.equal(400);
    expect((await gallery.visitor().logIn('jane', 'x'.repeat(1001))).status).to.equal(400);
  });

  it('what is not there is said to be not there, and strange requests harm nobody', async () => {
    for (const path of [
      '/nothing',
      '/api/nothing',
      '/api/account/nothing',
      '/api/session/nothing',
      '/events/x/nothing',
    ]) {
      expect((await jane.get(path)).status, path).to.equal(404);
    }
    for (const path of [
      '/%',
      '/api/%ff',
      '/api//account',
      '/api/account/',
      '/..%2f..%2fetc',
      '/assets/..%2findex.html',
      '/api/events/%00',
    ]) {
      expect((await jane.get(path)).status, path).to.be.oneOf([400, 404]);
    }
    expect((await jane.request('HEAD', '/api/account')).status).to.equal(200);
    expect((await jane.get('/api/account', { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=x' })).status).to.equal(200);
    expect(cloud.failures).to.deep.equal([]);
  });

  it('when something fails, the visitor is told to try again, and no more', async () => {
    const broken = await GalleryServer.start(
      cloud.gallery({
        before: (command) => {
          if (command.startsWith('Get')) throw new Error('a secret of the table');
        },
      }),
    );
    // On plain HTTP a cookie is named for its port.
    const { port } = new URL(broken.url);
    const cookies = [...jane.cookies].map(([name, value]) => `${name.replace(/-\d+$/, `-${port}`)}=${value}`);
    const answer = await fetch(`${broken.url}/api/account`, {
      headers: { cookie: cookies.join('; ') },
    });
    const text = await answer.text();
    await broken.stop();
    expect(answer.status).to.equal(500);
    expect(answer.headers.get('content-type')).to.equal('application/problem+json');
    expect(answer.headers.get('content-security-policy')).to.include("default-src 'none'");
    expect(text).to.include('Try again').and.not.to.include('secret');
    // The table, and the signer that knows the bucket's origin.
    expect(new Set(cloud.failures.splice(0).map(String))).to.deep.equal(new Set(['Error: a secret of the table']));
  });

  it('every path and method of openapi.yaml is served, and nothing else under /api and /events', () => {
    const { s3, documents } = cloud.clients();
    const app = galleryApp({
      settings: { productionBucket: 'p', uploadsBucket: 'u', tableName: 't', faces: 'off' },
      s3,
      table: new Table(documents, 't'),
      now: Date.now,
      log: () => {},
      discard: async () => {},
    });
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && /^\/(api|events)(\/|$)/.test(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^/]*\})?/g, '{$1}')}`);
    const described = new Contract().operations.map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(served)].sort()).to.deep.equal(described.sort());
  });
});
