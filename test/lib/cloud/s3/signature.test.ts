import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { expect } from 'chai';
import {
  BUCKET,
  DEVICE,
  OWNER,
  presign,
  type RawRequest,
  send,
  sendSigned,
  sign,
  startTestServer,
  type TestServer,
} from '../support';

const MINUTE = 60_000;

describe('the embedded S3: who sent a request', () => {
  let server: TestServer;
  let endpoint: string;
  let now = Date.UTC(2026, 0, 31, 12);
  const path = `/${BUCKET}/home/a.jpg`;
  before(async () => {
    server = await startTestServer({ now: () => now });
    endpoint = server.s3.endpoint;
    await sendSigned(endpoint, { method: 'PUT', path, body: 'picture' }, { at: new Date(now) });
  });
  after(() => server.stop());

  const at = (minutes: number) => ({ at: new Date(now + minutes * MINUTE) });
  const codeOf = async (request: RawRequest | Promise<RawRequest>) => {
    const { status, code } = await send(endpoint, await request);
    return code === undefined ? status : `${status} ${code}`;
  };

  describe('by a header', () => {
    it('lets in who signs with its secret, and nobody else', async () => {
      expect(await codeOf(sign(endpoint, { path }, at(0)))).to.equal(200);
      expect(await codeOf({ path })).to.equal('403 AccessDenied');
      const wrong = { credentials: { ...OWNER, secretAccessKey: DEVICE.secretAccessKey }, ...at(0) };
      expect(await codeOf(sign(endpoint, { path }, wrong))).to.equal('403 SignatureDoesNotMatch');
      const unknown = { credentials: { ...OWNER, accessKeyId: 'NOBODY' }, ...at(0) };
      expect(await codeOf(sign(endpoint, { path }, unknown))).to.equal('403 InvalidAccessKeyId');
    });

    it('refuses a key pair from the moment it is removed', async () => {
      const credentials = { accessKeyId: 'NEWKEY', secretAccessKey: 'new' };
      server.s3.addKeyPair({ ...credentials, policy: [{ effect: 'allow', actions: 'all' }] });
      expect(await codeOf(sign(endpoint, { path }, { credentials, ...at(0) }))).to.equal(200);
      server.s3.removeKeyPair('NEWKEY');
      expect(await codeOf(sign(endpoint, { path }, { credentials, ...at(0) }))).to.equal('403 InvalidAccessKeyId');
    });

    it('refuses what was changed after it was signed', async () => {
      const signed = await sign(endpoint, { path, headers: { 'x-amz-meta-a': '1' } }, at(0));
      const headers = signed.headers ?? {};
      expect(await codeOf(signed)).to.equal(200);
      const changed: RawRequest[] = [
        { ...signed, path: `/${BUCKET}/home/b.jpg` },
        { ...signed, path: `${path}?x=1` },
        { ...signed, method: 'DELETE' },
        { ...signed, headers: { ...headers, 'x-amz-meta-a': '2' } },
        { ...signed, headers: { ...headers, host: 'elsewhere' } },
        { ...signed, headers: { ...headers, authorization: `${headers.authorization?.slice(0, -1)}g` } },
      ];
      for (const request of changed) expect(await codeOf(request)).to.equal('403 SignatureDoesNotMatch');
    });

    it('refuses an x-amz- header that nobody signed', async () => {
      const signed = await sign(endpoint, { path }, at(0));
      const added = { ...signed, headers: { ...signed.headers, 'x-amz-meta-added': '1' } };
      expect(await codeOf(added)).to.equal('403 AccessDenied');
      expect((await send(endpoint, added)).body.toString()).to.include('<HeadersNotSigned>x-amz-meta-added<');
    });

    it('refuses a request of another time, and tells its own so that a clock can be corrected', async () => {
      expect(await codeOf(sign(endpoint, { path }, at(-14)))).to.equal(200);
      expect(await codeOf(sign(endpoint, { path }, at(14)))).to.equal(200);
      for (const minutes of [-16, 16, 525_600]) {
        const { status, code, body, headers } = await sendSigned(endpoint, { path }, at(minutes));
        expect([status, code]).to.deep.equal([403, 'RequestTimeTooSkewed']);
        expect(body.toString()).to.include('<ServerTime>2026-01-31T12:00:00Z</ServerTime>');
        expect(headers.date).to.equal('Sat, 31 Jan 2026 12:00:00 GMT');
      }
    });

    it('tells its region to who signed for another', async () => {
      const { status, code, body, headers } = await sendSigned(endpoint, { path }, { region: 'us-east-1', ...at(0) });
      expect([status, code]).to.deep.equal([400, 'AuthorizationHeaderMalformed']);
      expect(body.toString()).to.include('<Region>eu-west-1</Region>');
      expect(headers['x-amz-bucket-region']).to.equal('eu-west-1');
    });

    it('answers a HEAD that it refuses without a body', async () => {
      const { status, body } = await send(endpoint, { method: 'HEAD', path });
      expect([status, body.length]).to.deep.equal([403, 0]);
    });

    it('refuses what is no signature of version 4', async () => {
      const attempts = [
        'AWS OWNERKEY:c2lnbmF0dXJl',
        'AWS4-HMAC-SHA256',
        'AWS4-HMAC-SHA256 Credential=OWNERKEY/20260131/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=',
        'AWS4-HMAC-SHA256 Credential=OWNERKEY, SignedHeaders=host, Signature=00',
        'Bearer token',
        '',
      ];
      for (const authorization of attempts) {
        const headers = { authorization, 'x-amz-date': '20260131T120000Z' };
        const { status } = await send(endpoint, { path, headers });
        expect(status, authorization).to.be.within(400, 403);
      }
    });
  });

  describe('by a presigned URL', () => {
    it('serves it until it expires, to the second', async () => {
      const request = await presign(endpoint, { path }, { expiresIn: 100, ...at(0) });
      const start = now;
      try {
        expect(await codeOf(request)).to.equal(200);
        now = start + 99_999;
        expect(await codeOf(request)).to.equal(200);
        now = start + 100_000;
        const { status, code, body } = await send(endpoint, request);
        expect([status, code]).to.deep.equal([403, 'AccessDenied']);
        expect(body.toString()).to.include('Request has expired');
      } finally {
        now = start;
      }
    });

    it("signed by the SDK for 100 s, it serves at 99 s and is refused at 101 s, by the bucket's own clock", async () => {
      const client = server.client();
      const command = new GetObjectCommand({ Bucket: BUCKET, Key: 'home/a.jpg' });
      const url = await getSignedUrl(client, command, { expiresIn: 100, signingDate: new Date(now) });
      const start = now;
      try {
        now = start + 99_000;
        expect((await fetch(url)).status).to.equal(200);
        now = start + 101_000;
        const reply = await fetch(url);
        expect(reply.status).to.equal(403);
        expect(await reply.text()).to.include('<Code>AccessDenied</Code><Message>Request has expired</Message>');
      } finally {
        now = start;
      }
    });

    it('refuses it where anything was changed', async () => {
      const request = await presign(endpoint, { path }, at(0));
      const changed: RawRequest[] = [
        { ...request, path: request.path.replace('a.jpg', 'b.jpg') },
        { ...request, path: request.path.replace('X-Amz-Expires=100', 'X-Amz-Expires=1000') },
        { ...request, path: `${request.path}&response-content-type=text%2Fhtml` },
        { ...request, path: `${request.path}&X-Amz-Expires=1000` },
        { ...request, method: 'PUT', body: 'x' },
        { ...request, method: 'DELETE' },
      ];
      for (const one of changed) expect(await codeOf(one)).to.equal('403 SignatureDoesNotMatch');
      expect(await codeOf({ ...request, headers: { 'x-amz-meta-a': '1' } })).to.equal('403 AccessDenied');
    });

    it('refuses one that lasts longer than a week, or no time that can be read', async () => {
      const request = await presign(endpoint, { path }, { expiresIn: 604_800, ...at(0) });
      expect(await codeOf(request)).to.equal(200);
      for (const expires of ['604801', '-1', 'x', '', '1e9']) {
        const longer = { ...request, path: request.path.replace('Expires=604800', `Expires=${expires}`) };
        expect(await codeOf(longer)).to.equal('400 AuthorizationQueryParametersError');
      }
    });

    it('refuses one of the future', async () => {
      expect(await codeOf(presign(endpoint, { path }, at(16)))).to.equal('403 AccessDenied');
    });

    it('lets its signer decide what the reader is told of the object', async () => {
      const query =
        '?response-content-disposition=attachment%3B%20filename%3D%22a.jpg%22&response-content-type=image%2Fpng';
      const { headers } = await send(endpoint, await presign(endpoint, { path: path + query }, at(0)));
      expect(headers['content-disposition']).to.equal('attachment; filename="a.jpg"');
      expect(headers['content-type']).to.equal('image/png');
    });

    it('lets no header be made of a parameter', async () => {
      const query = '?response-content-disposition=a%0D%0AX-Evil:%201';
      const reply = await send(endpoint, await presign(endpoint, { path: path + query }, at(0)));
      expect([reply.status, reply.code]).to.deep.equal([400, 'InvalidArgument']);
      expect(reply.headers).not.to.have.property('x-evil');
      const target = `/${BUCKET}/home/evil?x-amz-meta-a=1%0D%0AX-Evil:%201`;
      const put = await presign(endpoint, { method: 'PUT', path: target, body: 'x' }, at(0));
      expect(await codeOf({ ...put, headers: { 'content-length': '1' } })).to.equal('400 InvalidArgument');
    });

    it('holds no more than its signer may do', async () => {
      const read = await presign(endpoint, { path }, { credentials: DEVICE, ...at(0) });
      expect(await codeOf(read)).to.equal('403 AccessDenied');
    });

    it('is refused in words that help where it is of version 2', async () => {
      const request = { path: `${path}?AWSAccessKeyId=OWNERKEY&Signature=c2lnbmF0dXJl&Expires=9999999999` };
      expect(await codeOf(request)).to.equal('400 InvalidRequest');
    });

    it('is refused beside a signature in the header', async () => {
      const { path: signedPath } = await presign(endpoint, { path }, at(0));
      const { headers = {} } = await sign(endpoint, { path }, at(0));
      expect(await codeOf({ path: signedPath, headers })).to.equal('400 InvalidArgument');
    });
  });
});
