import { expect } from 'chai';
import { BUCKET, eventName, FOLDER } from '../kerberos';
import { until } from '../until';
import { jpegOf, mp4Of } from './media';
import { useScene } from './scene';

describe('grunt sync: put', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, isStored, count } = scene;

  it('sends a large video in parts, as it is', async () => {
    const video = mp4Of(20 * 1024 * 1024 + 7);
    await scene.instance.picture('video.mp4', video);
    expect(await run(['--once']).ended()).to.equal(0);
    expect(await isStored('video.mp4', video)).to.equal(true);
    expect((await scene.s3.objects.get(BUCKET, `${FOLDER}/video.mp4`))?.etag).to.match(/-3/);
  });

  it('keeps to its rate', async () => {
    for (let index = 0; index < 10; index++) await scene.instance.picture(eventName(index), jpegOf(20_000));
    const grunt = run(['--once', '--limit-rate=100k']);
    await until(async () => (await count()) > 0, 'the first one');
    const begun = performance.now();
    await grunt.ended();
    expect(performance.now() - begun).to.be.greaterThan(1000);
  });

  it('describes the event in the metadata of its object', async () => {
    await scene.instance.picture(eventName(0));
    expect(await run(['--once']).ended()).to.equal(0);
    const object = await scene.s3.objects.get(BUCKET, `${FOLDER}/${eventName(0)}`);
    expect(object?.headers).to.include({ 'content-type': 'image/jpeg' });
    expect(object?.metadata).to.include({
      'event-timestamp': '1429700000',
      'event-instancename': 'frontdoor',
      'event-regioncoordinates': '200-200-400-400',
    });
  });
});
