import { expect } from 'chai';
import { ChecksumHeaders } from '../../../tasks/lib/bucket/checksum-headers';
import { Checksums } from '../../../tasks/lib/bucket/confirm-upload';
import { Problem } from '../../../tasks/lib/bucket/problem';
import { type Answer, S3Error } from '../../../tasks/lib/bucket/s3-error';

const SUMS = new Checksums(Buffer.from('picture'));
const SHA256 = SUMS.sha256.toString('base64');
const S3 = { 'x-amz-request-id': '1', etag: '"opaque"' };
const PROVING = { ...S3, 'x-amz-checksum-sha256': SHA256 };
const BOTH = ['content-md5', 'x-amz-checksum-sha256'];

describe('ChecksumHeaders', () => {
  let sent: string[][];
  let headers: ChecksumHeaders;

  beforeEach(() => {
    sent = [];
    headers = new ChecksumHeaders(() => {});
  });

  function put(...answers: (Record<string, string> | Error)[]): Promise<Answer> {
    return headers.send(SUMS, async (added) => {
      sent.push(Object.keys(added).sort());
      const answer = answers.shift() ?? {};
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: answer, text: '' };
    });
  }

  it('Content-MD5 goes along until the store has proved that it compares the SHA-256', async () => {
    await put(PROVING);
    await put(PROVING);
    expect(sent).to.deep.equal([BOTH, ['x-amz-checksum-sha256']]);
  });

  it('a store that says nothing of the SHA-256 gets Content-MD5 with every file', async () => {
    await put(S3);
    await put(PROVING);
    await put(PROVING);
    expect(sent).to.deep.equal([BOTH, BOTH, BOTH]);
  });

  it('an echo of the SHA-256 by something that is no S3 proves nothing', async () => {
    await put({ 'x-amz-checksum-sha256': SHA256 });
    await put(PROVING);
    expect(sent).to.deep.equal([BOTH, BOTH]);
  });

  it('a file whose answer lacks the SHA-256 goes once more with both, and so does every file after it', async () => {
    await put(PROVING);
    const answer = await put(S3, { ...S3, etag: '"second"' });
    await put(PROVING);
    expect(sent).to.deep.equal([BOTH, ['x-amz-checksum-sha256'], BOTH, BOTH]);
    expect(answer.headers.etag).to.equal('"second"');
  });

  it('a store that refuses the header gets Content-MD5 alone, also those files that were under way together', async () => {
    const refusal = new Problem('refused', 'NotImplemented', '', '', new S3Error(501, 'NotImplemented', ''));
    await Promise.all([put(refusal, S3), put(refusal, S3)]);
    await put(S3);
    expect(sent).to.deep.equal([BOTH, BOTH, ['content-md5'], ['content-md5'], ['content-md5']]);
  });
});
