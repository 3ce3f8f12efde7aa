import { join } from 'node:path';
import { expect } from 'chai';
import { answerError } from '../faulty-proxy';
import { eventName, FOLDER, SUBSCRIPTION, startBucket } from '../kerberos';
import { until } from '../until';
import { useScene } from './scene';

describe('grunt sync: when something is wrong', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, count } = scene;

  it('what a line damaged is sent again, and never taken for done', async () => {
    let damaged = 0;
    scene.line.damage = (bytes) => {
      if (bytes.length < 400 || damaged++ >= 1) return bytes;
      const copy = Buffer.from(bytes);
      copy[300] = (copy[300] ?? 0) ^ 1;
      return copy;
    };
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run([], {}, scene.line);
    await arrives(eventName(1), bytes);
    expect(damaged).to.be.greaterThan(1);
    await grunt.says(/damaged on its way/);
  });

  it('a confirmation of something else is no confirmation', async () => {
    let lies = 1;
    scene.line.lie = (headers) => {
      if (headers.etag !== undefined && lies-- > 0) {
        headers.etag = `"${'0'.repeat(32)}"`;
        headers['x-amz-checksum-sha256'] = Buffer.alloc(32).toString('base64');
      }
    };
    await scene.instance.picture(eventName(1));
    const grunt = run(['--once'], { SYNC_FOLDER: FOLDER }, scene.line);
    expect(await grunt.ended()).to.equal(0);
    expect(scene.line.requests.filter((request) => request.startsWith('PUT')).length).to.be.at.least(2);
  });

  it('an answer that confirms nothing, such as the login page of a hotspot, is no confirmation', async () => {
    let pages = 1;
    scene.line.fault = (message, response) => {
      if (message.method !== 'PUT' || pages-- <= 0) return false;
      message.resume();
      response.end('<html>Please log in</html>');
      return true;
    };
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run([], {}, scene.line);
    await arrives(eventName(1), bytes);
    await grunt.says(/is no S3: it confirms nothing/);
  });

  it('a 403 keeps the file, and new credentials wake it at once', async () => {
    await scene.instance.subscribe({ ...SUBSCRIPTION, privateKey: 'wrong' });
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run();
    await grunt.says(/private key does not belong/);
    await grunt.says('Waiting...');
    await scene.instance.subscribe(SUBSCRIPTION);
    const begun = performance.now();
    await arrives(eventName(1), bytes);
    expect(performance.now() - begun).to.be.lessThan(6000);
  });

  it('one bad file never holds up the others', async () => {
    scene.line.fault = (message, response) =>
      message.url?.includes('bad') ? answerError(response, 403, 'AccessDenied') : false;
    await scene.instance.picture('bad.jpg');
    for (let index = 0; index < 30; index++) await scene.instance.picture(eventName(index));
    run([], {}, scene.line);
    await until(async () => (await count()) === 30, 'the 30 others');
    await arrives(eventName(31), await scene.instance.picture(eventName(31)));
  });

  it('goes on by itself when the line comes back', async () => {
    const port = scene.s3.port;
    await scene.s3.close();
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run();
    await grunt.says(/cannot be reached \(ECONNREFUSED\)/);
    scene.s3 = await startBucket(scene.data, { port });
    await arrives(eventName(1), bytes);
    await grunt.says('Uploading again');
  });

  it('slows down when it is asked to, and goes on', async () => {
    let refused = 0;
    scene.line.fault = (message, response) =>
      message.method === 'PUT' && refused++ < 3 ? answerError(response, 503, 'SlowDown') : false;
    for (let index = 0; index < 10; index++) await scene.instance.picture(eventName(index));
    const grunt = run([], {}, scene.line);
    await until(async () => (await count()) === 10, 'all ten');
    await grunt.says(/asks for fewer requests/);
  });

  it('follows the bucket to its region', async () => {
    const grunt = run(['--once'], { AWS_REGION: 'us-east-2' });
    await scene.instance.picture(eventName(1));
    expect(await grunt.ended()).to.equal(0);
    expect(grunt.output).to.match(/is in eu-west-1, not in us-east-2/);
  });

  it('corrects for a clock that is wrong by hours', async () => {
    await scene.s3.close();
    scene.s3 = await startBucket(scene.data, { now: () => Date.now() + 5 * 3_600_000 });
    for (let index = 0; index < 8; index++) await scene.instance.picture(eventName(index));
    const grunt = run(['--once']);
    expect(await grunt.ended()).to.equal(0);
    expect(grunt.output.match(/clock of this machine is 5 hours behind/g)).to.have.length(1);
    expect(grunt.output).not.to.include('failed');
  });

  it('says which bucket does not exist, and which name is not found', async () => {
    await scene.instance.subscribe({ ...SUBSCRIPTION, bucket: 'no-such-bucket' });
    await scene.instance.picture(eventName(1));
    scene.line.fault = (_message, response) => answerError(response, 404, 'NoSuchBucket');
    const grunt = run(['--once'], {}, scene.line);
    const elsewhere = { SYNC_STATE: join(scene.instance.root, 'other') };
    const lost = run(['--once'], elsewhere, { endpoint: 'http://nowhere.invalid:4580' });
    expect(await grunt.ended()).to.equal(3);
    expect(grunt.output).to.match(/There is no bucket "no-such-bucket" at 127/);
    expect(await lost.ended()).to.equal(3);
    expect(lost.output).to.match(/The name nowhere.invalid:4580 cannot be found/);
  });
});
