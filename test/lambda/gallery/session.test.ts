import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Account } from '../../../lambda/lib/table/account-item';
import { changeAccount } from '../../../lambda/lib/table/account-item';
import { Table } from '../../../lambda/lib/table/table';
import { jose } from '../../../lambda/test-packages';
import { TestCloud } from '../cloud';
import { addAccount, GalleryServer, PASSWORD, type Visitor } from './gallery-server';

const DAY = 24 * 3600 * 1000;

describe('gallery: session', () => {
  let cloud: TestCloud;
  let gallery: GalleryServer;
  let account: Account;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    cloud = await TestCloud.start();
    gallery = await GalleryServer.start(cloud.gallery({ now: () => now }));
    account = await addAccount(cloud, 'jane');
  });
  afterEach(async () => {
    await gallery.stop();
    await cloud.stop();
    expect(cloud.failures).to.deep.equal([]);
  });

  const status = async (visitor: Visitor) => (await visitor.get('/api/account')).status;

  it('without one, there is nothing to see', async () => {
    const visitor = gallery.visitor();
    for (const path of [
      '/api/account',
      '/api/events',
      '/events/abcdefghijkl/image',
      '/api/whatever',
      '/api',
      '/events',
    ]) {
      expect((await visitor.get(path)).status, path).to.equal(401);
    }
  });

  it('begins with user and password, and tells whose it is', async () => {
    const jane = await gallery.loggedIn('jane');
    expect(await jane.read('/api/account')).to.deep.equal({ user: 'jane', retentionDays: 365 });
    await gallery.loggedIn(' Jane ');
  });

  it('is a cookie that scripts cannot read, other sites cannot send, and plain http never sees', async () => {
    const login = async () => (await gallery.visitor().logIn('jane', PASSWORD)).headers.getSetCookie();
    const flags = (cookies: string[]) => cookies.map((cookie) => cookie.replace(/=[^;]+/, '').split('; '));
    const port = new URL(gallery.url).port;
    const [plain = [], plainDevice = []] = flags(await login());
    const common = ['HttpOnly', 'Path=/', 'SameSite=Strict'];
    expect(plain).to.have.members([...common, `kerberos-session-${port}`, 'Max-Age=604800']);
    expect(plainDevice).to.have.members([...common, `kerberos-device-${port}`, 'Max-Age=15552000']);
    gallery.proto = 'https';
    const [secure = [], device = []] = flags(await login());
    expect(secure).to.have.members([...common, 'Secure', '__Host-session', 'Max-Age=604800']);
    expect(device).to.have.members([...common, 'Secure', '__Host-device', 'Max-Age=15552000']);
  });

  it('of plain http is none over https', async () => {
    const jane = await gallery.loggedIn('jane');
    gallery.proto = 'https';
    expect(await status(jane)).to.equal(401);
    const again = gallery.visitor();
    await again.logIn('jane', PASSWORD);
    expect(await status(again)).to.equal(200);
  });

  it('ends when the owner logs out, for whoever has a copy of the cookie too', async () => {
    const jane = await gallery.loggedIn('jane');
    const copy = gallery.visitor();
    for (const [name, value] of jane.cookies) copy.cookies.set(name, value);
    const other = await gallery.loggedIn('jane');
    expect(await status(copy)).to.equal(200);
    expect((await jane.send('DELETE', '/api/session')).status).to.equal(204);
    // What is left says no more than that this browser was here.
    expect([...jane.cookies.keys()]).to.deep.equal([`kerberos-device-${new URL(gallery.url).port}`]);
    expect(await status(jane)).to.equal(401);
    expect(await status(copy)).to.equal(401);
    expect(await status(other)).to.equal(200);
  });

  it('takes along, when the owner logs out, the redirects to pictures that the browser has kept', async () => {
    const jane = await gallery.loggedIn('jane');
    const { headers } = await jane.send('DELETE', '/api/session');
    expect(headers.get('clear-site-data')).to.equal('"cache"');
  });

  it('is not shared with another cloud, or with anything else, on another port of the same host', async () => {
    const jane = await gallery.loggedIn('jane');
    const other = gallery.visitor();
    for (const [name, value] of jane.cookies) other.cookies.set(name.replace(/\d+$/, '1'), value);
    expect(await status(other)).to.equal(401);
    expect(await status(jane)).to.equal(200);
  });

  it('is not what the cookie is that remembers the browser', async () => {
    const jane = await gallery.loggedIn('jane');
    const port = new URL(gallery.url).port;
    const device = jane.cookies.get(`kerberos-device-${port}`) ?? '';
    jane.cookies.set(`kerberos-session-${port}`, device);
    expect(await status(jane)).to.equal(401);
  });

  it('does not begin with an empty password, which is no failure of ours either', async () => {
    expect((await gallery.visitor().logIn('jane', '')).status).to.equal(401);
    expect((await gallery.visitor().logIn('nobody', '')).status).to.equal(401);
    const jane = await gallery.loggedIn('jane');
    const change = { current: '', new: 'a better password' };
    expect((await jane.send('PUT', '/api/account/password', change)).json).to.include({ title: 'Wrong password' });
  });

  it('ends after 7 days, and what was logged out is not remembered for longer', async () => {
    const jane = await gallery.loggedIn('jane');
    const left = await gallery.loggedIn('jane');
    await left.send('DELETE', '/api/session');
    now += 7 * DAY - 2000;
    expect(await status(jane)).to.equal(200);
    now += 4000;
    expect(await status(jane)).to.equal(401);
    const next = await gallery.loggedIn('jane');
    await next.send('DELETE', '/api/session');
    const [item] = await cloud.itemsOf('ACCOUNT');
    expect(item?.endedSessions).to.have.property('size', 1);
  });

  it('that somebody made up is none', async () => {
    const john = await addAccount(cloud, 'john');
    const seconds = Math.floor(now / 1000);
    const claims = { iss: 'kerberos-cloud', aud: 'gallery', sub: 'jane', jti: '1.x', iat: seconds, exp: seconds + 100 };
    const header = { alg: 'HS256', typ: 'JWT', kid: 'jane' };
    const sign = async (changed: object = {}, changedHeader: object = {}, key: Uint8Array = account.sessionKey) =>
      await new jose.SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...header, ...changedHeader }).sign(key);
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const valid = await sign();
    const [head = '', body = '', signature = ''] = valid.split('.');
    const attempts: Record<string, string> = {
      'another key': await sign({}, {}, randomBytes(32)),
      "another account's key": await sign({}, {}, john.sessionKey),
      "another account's name in the header": await sign({}, { kid: 'john' }),
      "another account's subject": await sign({ sub: 'john' }),
      'nobody in the header': await sign({}, { kid: 'nobody' }),
      'a name that can be no account': await sign({}, { kid: 'jane/../john' }),
      'a key id that is no text': `${encoded({ ...header, kid: 5 })}.${body}.${signature}`,
      'no key id': `${encoded({ alg: 'HS256' })}.${body}.${signature}`,
      'alg none': `${encoded({ ...header, alg: 'none' })}.${body}.`,
      'alg none with a signature': `${encoded({ ...header, alg: 'none' })}.${body}.${signature}`,
      'another algorithm': await sign({}, { alg: 'HS512' }, Buffer.concat([account.sessionKey, account.sessionKey])),
      'another type': await sign({}, { typ: 'other' }),
      'another issuer': await sign({ iss: 'other' }),
      'another audience': await sign({ aud: 'other' }),
      expired: await sign({ exp: seconds - 1 }),
      'without an end': await sign({ exp: undefined }),
      'without an id': await sign({ jti: undefined }),
      'not yet': await sign({ nbf: seconds + 50 }),
      'changed claims': `${head}.${encoded({ ...claims, exp: seconds + 1e6 })}.${signature}`,
      'cut off': valid.slice(0, -3),
      'no signature': `${head}.${body}.`,
      garbage: 'garbage',
      empty: '',
    };
    const visit = async (token: string) => {
      const visitor = gallery.visitor();
      visitor.cookies.set(`kerberos-session-${new URL(gallery.url).port}`, token);
      return await status(visitor);
    };
    expect(await visit(valid)).to.equal(200);
    for (const [what, token] of Object.entries(attempts)) expect(await visit(token), what).to.equal(401);
  });

  it('another password ends all other sessions, and needs the current one', async () => {
    const [here, there] = [await gallery.loggedIn('jane'), await gallery.loggedIn('jane')];
    const change = (current: string, password: string) =>
      here.send('PUT', '/api/account/password', { current, new: password });
    expect((await change('wrong', 'a better password')).json).to.include({ status: 400, title: 'Wrong password' });
    expect((await change(PASSWORD, 'short')).status).to.equal(400);
    expect(await status(there)).to.equal(200);
    expect((await change(PASSWORD, 'a better password')).status).to.equal(204);
    expect(await status(here)).to.equal(200);
    expect(await status(there)).to.equal(401);
    expect((await gallery.visitor().logIn('jane', PASSWORD)).status).to.equal(401);
    await gallery.loggedIn('jane', 'a better password');
    const stored = JSON.stringify(await cloud.items());
    expect(stored).not.to.include('a better password').and.not.to.include(PASSWORD);
  });

  it('the current password cannot be guessed with an open session', async () => {
    const jane = await gallery.loggedIn('jane');
    const guess = () => jane.send('PUT', '/api/account/password', { current: 'guess', new: 'a better password' });
    for (let i = 0; i < 5; i++) expect((await guess()).status).to.equal(400);
    expect((await guess()).status).to.equal(429);
  });

  it('of a suspended account looks at nothing, and only who knows the password is told why', async () => {
    const jane = await gallery.loggedIn('jane');
    await changeAccount(new Table(cloud.documents, cloud.tableName), 'jane', { state: 'suspended' });
    for (const path of ['/api/account', '/api/events', '/api/persons', '/events/abcdefghijkl/image', '/api/whatever']) {
      expect((await jane.get(path)).status, path).to.equal(403);
    }
    const visitor = gallery.visitor();
    expect((await visitor.logIn('jane', 'wrong')).status).to.equal(401);
    expect((await visitor.logIn('jane', PASSWORD)).json).to.include({ status: 403, title: 'Suspended' });
    expect(visitor.cookies.size).to.equal(0);
    // But it can be left: the browser may be somebody else's.
    const copy = gallery.visitor();
    for (const [name, value] of jane.cookies) copy.cookies.set(name, value);
    expect((await jane.send('DELETE', '/api/session')).status).to.equal(204);
    expect(jane.cookies.size).to.equal(1);
    expect((await copy.get('/api/account')).status).to.equal(401);
  });

  it('the time zone of an account can be chosen', async () => {
    const jane = await gallery.loggedIn('jane');
    const change = (timeZone: unknown) => jane.send('PATCH', '/api/account', { timeZone });
    expect((await change('Europe/Brussels')).json).to.deep.equal({
      user: 'jane',
      retentionDays: 365,
      timeZone: 'Europe/Brussels',
    });
    for (const wrong of ['Nowhere/Land', '', 5, '../etc/passwd']) expect((await change(wrong)).status).to.equal(400);
    expect((await jane.send('PATCH', '/api/account', { retentionDays: 7 })).status).to.equal(400);
    expect(await jane.read('/api/account')).to.include({ timeZone: 'Europe/Brussels', retentionDays: 365 });
  });
});
