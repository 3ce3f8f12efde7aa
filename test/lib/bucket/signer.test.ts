import { Sha256Node } from '@smithy/core/checksum';
import { escapeUriPath, HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect } from 'chai';
import { queryOf, Signer } from '../../../tasks/lib/bucket/signer';

const DATE = new Date('2026-02-03T04:05:06.789Z');
const IDENTITY = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const HEADERS = {
  host: 'bucket.s3.eu-west-1.amazonaws.com',
  'content-length': '7',
  'content-type': 'image/jpeg',
  'x-amz-content-sha256': 'ab'.repeat(32),
  'x-amz-meta-event-instancename': 'front  door,  %C3%A9',
  'x-amz-meta-empty': '',
};

/** What the SDK's own signer sends. */
async function bySdk(identity: typeof IDENTITY, path: string, query: Record<string, string>, region: string) {
  const signer = new SignatureV4({
    ...{ credentials: identity, region, service: 's3', sha256: Sha256Node, uriEscapePath: false, applyChecksum: false },
  });
  const request = new HttpRequest({ method: 'PUT', hostname: HEADERS.host, path, query, headers: { ...HEADERS } });
  return (await signer.sign(request, { signingDate: DATE })).headers;
}

describe('Signer', () => {
  for (const [what, key, query] of [
    ['a picture', 'jane/1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg', {}],
    ['a name of any letters', "jane/a b+c&d=é'(x)!*~\u{1f600}.jpg", {}],
    ['a part of a video', 'jane/film.mp4', { uploadId: 'a/b+c==~', partNumber: '10' }],
  ] as const) {
    it(`signs ${what} as the SDK does`, async () => {
      const path = `/${escapeUriPath(key)}`;
      const signed = await new Signer(async () => IDENTITY).sign(
        { method: 'PUT', path, query, headers: HEADERS },
        'eu-west-1',
        DATE,
      );
      expect(signed).to.deep.equal(await bySdk(IDENTITY, path, query, 'eu-west-1'));
    });
  }

  it('signs with a key pair that is lent for a time, as the SDK does', async () => {
    const identity = { ...IDENTITY, sessionToken: 'token/+=' };
    const signed = await new Signer(async () => identity).sign(
      { method: 'PUT', path: '/a', query: {}, headers: HEADERS },
      'eu-west-1',
      DATE,
    );
    expect(signed).to.deep.equal(await bySdk(identity, '/a', {}, 'eu-west-1'));
  });

  it('derives its key anew for another day, region or secret', async () => {
    let identity = IDENTITY;
    const signer = new Signer(async () => identity);
    const request = { method: 'PUT', path: '/a', query: {}, headers: HEADERS };
    const signatures = [];
    for (const [region, date, secretAccessKey] of [
      ['eu-west-1', DATE, 'one'],
      ['us-east-1', DATE, 'one'],
      ['us-east-1', new Date(DATE.getTime() + 86_400_000), 'one'],
      ['us-east-1', new Date(DATE.getTime() + 86_400_000), 'two'],
    ] as const) {
      identity = { ...IDENTITY, secretAccessKey };
      const anew = await new Signer(async () => identity).sign(request, region, date);
      expect(await signer.sign(request, region, date)).to.deep.equal(anew);
      signatures.push(anew.authorization);
    }
    expect(new Set(signatures)).to.have.property('size', 4);
  });

  it('writes a query as it is signed, in order and percent-encoded', () => {
    expect(queryOf({ uploadId: "a/b '", partNumber: '2' })).to.equal('partNumber=2&uploadId=a%2Fb%20%27');
  });
});
