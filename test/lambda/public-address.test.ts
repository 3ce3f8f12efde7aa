import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { NotTaken, post } from '../../lambda/lib/notifications/post';
import { isPublicAddress } from '../../lambda/lib/public-address';

const PUBLIC = ['https://hooks.example/x?y=1', 'https://hooks.example:8443/', 'https://fcm.googleapis.com/fcm/send/x'];
const NOT_PUBLIC = [
  'http://hooks.example/',
  'https://user:password@hooks.example/',
  'https://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'https://192.168.1.2/',
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://[::1]/',
  'https://[::ffff:169.254.169.254]/',
  'https://[fd00:ec2::254]/',
  'https://8.8.8.8/',
  'https://localhost/',
  'https://metadata.google.internal/',
  'https://printer.local/',
  'https://intranet/',
  'file:///etc/passwd',
  'ftp://hooks.example/',
  'javascript:alert(1)',
  'hooks.example',
  '',
];

describe('lambda: addresses that the cloud calls', () => {
  it('are https and public', () => {
    for (const address of PUBLIC) expect(isPublicAddress(address, { loopback: false }), address).to.equal(true);
    for (const address of NOT_PUBLIC) expect(isPublicAddress(address, { loopback: false }), address).to.equal(false);
  });

  it('may be on loopback where the cloud is one machine, and nowhere else of its network', () => {
    const near = ['http://127.0.0.1:8123/api', 'http://localhost:8123/', 'https://[::1]:8123/'];
    for (const address of near) expect(isPublicAddress(address, { loopback: true }), address).to.equal(true);
    const allowed = NOT_PUBLIC.filter((address) => isPublicAddress(address, { loopback: true }));
    expect(allowed).to.deep.equal([
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://[::1]/',
      'https://localhost/',
    ]);
  });

  it('are called by what their names lead to by now: one that leads into the own network is not', async () => {
    for (const address of ['169.254.169.254', '10.1.2.3', '127.0.0.1', '::ffff:10.1.2.3', 'fd00:ec2::254', '::1']) {
      const lookup: LookupFunction = (_name, { all }, answer) => {
        const found = { address, family: address.includes(':') ? 6 : 4 };
        if (all) answer(null, [found]);
        else answer(null, found.address, found.family);
      };
      const sent = post({ url: 'https://hooks.example/', headers: {}, body: '' }, { loopback: false }, lookup);
      const error: unknown = await sent.catch((failure: unknown) => failure);
      expect(error, address).to.be.an.instanceOf(NotTaken);
      expect(String(error), address).to.include('private network');
    }
  });
});
