import { expect } from 'chai';
import { countAttempt } from '../../../lambda/lib/gallery/login-limit';
import { networkOf } from '../../../lambda/lib/gallery/network';
import { rescue } from '../../../lambda/lib/table/login-item';
import { Table } from '../../../lambda/lib/table/table';
import { TestCloud } from '../cloud';
import { addAccount, GalleryServer, PASSWORD } from './gallery-server';

const MINUTE = 60_000;

describe('gallery: attempts to log in', () => {
  let cloud: TestCloud;
  let gallery: GalleryServer;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    cloud = await TestCloud.start();
    gallery = await GalleryServer.start(cloud.gallery({ now: () => now }));
    await addAccount(cloud, 'jane');
  });
  afterEach(async () => {
    await gallery.stop();
    await cloud.stop();
    expect(cloud.failures).to.deep.equal([]);
  });

  const attempt = async (user = 'jane', password = 'wrong') => (await gallery.visitor().logIn(user, password)).status;

  it('are five in a quarter of an hour, and the sixth is told when to come again, even with the password', async () => {
    for (let i = 0; i < 5; i++) expect(await attempt()).to.equal(401);
    now += 5 * MINUTE;
    const refused = await gallery.visitor().logIn('jane', PASSWORD);
    expect(refused.status).to.equal(429);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(598, 600);
    now += 10 * MINUTE + 1000;
    expect(await attempt('jane', PASSWORD)).to.equal(204);
  });

  it('are no more when they come in parallel', async () => {
    const statuses = await Promise.all(Array.from({ length: 25 }, () => attempt()));
    expect(statuses.filter((status) => status === 401)).to.have.length(5);
    expect(statuses.filter((status) => status === 429)).to.have.length(20);
  });

  it('are counted anew after the right password', async () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) expect(await attempt()).to.equal(401);
      expect(await attempt('jane', PASSWORD)).to.equal(204);
    }
  });

  it('from elsewhere do not keep the owner out, until they are a hundred in an hour', async () => {
    const table = new Table(cloud.documents, cloud.tableName);
    for (let network = 0; network < 98; network++)
      await countAttempt(table, { user: 'jane', network: `198.51.100.${network}` }, now);
    expect(await attempt()).to.equal(401);
    expect(await attempt('jane', PASSWORD)).to.equal(204);
    const home = gallery.sourceIp;
    gallery.sourceIp = '192.0.2.1';
    expect(await attempt()).to.equal(429);
    // Not from where the owner logged in of late.
    gallery.sourceIp = home;
    expect(await attempt('jane', PASSWORD)).to.equal(204);
    now += 61 * MINUTE;
    expect(await attempt('jane', PASSWORD)).to.equal(204);
  });

  /** What a neighbour can do to everybody's network: all attempts of this quarter of an hour, on Jane and on others. */
  const burn = async () => {
    const table = new Table(cloud.documents, cloud.tableName);
    const network = gallery.sourceIp;
    const users = [...Array<string>(5).fill('jane'), ...Array.from({ length: 25 }, (_, i) => `user${i}`)];
    // Some attempts may be used up already.
    for (const user of users) await countAttempt(table, { user, network }, now).catch(() => {});
  };

  it('of neighbours behind the same address do not keep out a browser that has logged in before', async () => {
    const jane = await gallery.loggedIn('jane');
    await addAccount(cloud, 'john');
    // A proxy or a tunnel makes one address of everybody. John's browser is known too, but not as Jane's.
    const john = await gallery.loggedIn('john');
    await burn();
    expect((await john.logIn('jane', PASSWORD)).status).to.equal(429);
    expect((await gallery.visitor().logIn('jane', PASSWORD)).status).to.equal(429);
    await jane.send('DELETE', '/api/session');
    expect((await jane.logIn('jane', PASSWORD)).status).to.equal(204);
    // It has five attempts of its own, and no more.
    for (let i = 0; i < 5; i++) expect((await jane.logIn('jane', 'wrong')).status).to.equal(401);
    expect((await jane.logIn('jane', PASSWORD)).status).to.equal(429);
  });

  it('are no limit any more once whoever runs the cloud has made a new password', async () => {
    await burn();
    expect(await attempt('jane', PASSWORD)).to.equal(429);
    await rescue(new Table(cloud.documents, cloud.tableName), 'jane', now);
    // Also where somebody goes on trying meanwhile.
    for (let i = 0; i < 7; i++) expect(await attempt()).to.equal(401);
    expect(await attempt('john', PASSWORD)).to.equal(429);
    expect(await attempt('jane', PASSWORD)).to.equal(204);
    // Once they are in it is as before.
    expect(await attempt()).to.equal(429);
  });

  it('on many users are thirty a network, and IPv6 is counted by what a visitor can choose from', async () => {
    for (let i = 0; i < 30; i++) {
      gallery.sourceIp = `2001:db8:1:2::${i.toString(16)}`;
      expect(await attempt(`user${i}`)).to.equal(401);
    }
    gallery.sourceIp = '2001:db8:1:2:ffff::1';
    expect(await attempt('another')).to.equal(429);
    gallery.sourceIp = '2001:db8:1:3::1';
    expect(await attempt('another')).to.equal(401);
  });

  it('do not tell whether a user exists: neither by the answer, nor by its time, nor by the limit', async () => {
    await attempt('warm');
    const times: Record<string, number[]> = { jane: [], nobody: [] };
    const texts = new Set<string>();
    // The processor's time, of this process alone: other work on this machine slows the clock's, but not evenly.
    const worked = () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    for (let i = 0; i < 4; i++) {
      for (const [user, took] of Object.entries(times)) {
        const start = worked();
        texts.add((await gallery.visitor().logIn(user, 'wrong')).text);
        took.push(worked() - start);
      }
    }
    expect(texts.size).to.equal(1);
    const [known = 0, unknown = 0] = Object.values(times).map((took) => Math.min(...took));
    // Without a hash to compare with it is a twentieth; collecting the garbage of 19 MB makes up to a factor of two.
    expect(unknown / known, JSON.stringify(times)).to.be.within(0.25, 4);
    for (const user of ['jane', 'nobody']) {
      expect(await attempt(user)).to.equal(401);
      expect(await attempt(user)).to.equal(429);
    }
  });

  it('leave nothing behind that stays, nor any name or password', async () => {
    await attempt('somebody@example.com', 'a secret');
    await attempt('\ud800 lone surrogate', 'a secret');
    const items = (await cloud.items()).filter(({ pk }) => String(pk).startsWith('LOGIN#'));
    expect(items).to.have.length(5);
    for (const item of items) {
      expect(item.expires).to.be.within(now / 1000, now / 1000 + 3600);
      expect(JSON.stringify(item)).not.to.match(/somebody|secret/);
    }
  });

  it('networks: an IPv4 address is one, of IPv6 a /64', () => {
    const networks: Record<string, string> = {
      '203.0.113.7': '203.0.113.7',
      '::ffff:203.0.113.7': '203.0.113.7',
      '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
      '2001:DB8:1:2::6': '2001:db8:1:2::/64',
      '2001:db8::1': '2001:db8:0:0::/64',
      '::1': '0:0:0:0::/64',
      'fe80::1%eth0': 'fe80:0:0:0::/64',
      '2001:db8:1:2:3:4:192.0.2.1': '2001:db8:1:2::/64',
      nonsense: 'unknown',
      '': 'unknown',
    };
    for (const [address, network] of Object.entries(networks)) expect(networkOf(address), address).to.equal(network);
  });
});
