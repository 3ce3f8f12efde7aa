import { expect } from 'chai';
import { eventName } from '../kerberos';
import { until } from '../until';
import { jpegOf, mp4Of } from './media';
import { useScene } from './scene';

describe('grunt sync: order', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, count } = scene;

  it('a new event does not wait behind the backlog', async () => {
    for (let index = 0; index < 60; index++) await scene.instance.picture(eventName(index), jpegOf(20_000));
    const grunt = run(['--limit-rate=200k']);
    await until(async () => (await count()) > 5, 'the backlog is on its way');
    const bytes = await scene.instance.picture('live.jpg');
    await arrives('live.jpg', bytes);
    expect(await count()).to.be.lessThan(40);
    await grunt.kill();
  });

  it('a new picture does not wait for videos of now', async () => {
    const grunt = run(['--limit-rate=200k'], {}, scene.line);
    await grunt.says('Uploading');
    for (let index = 0; index < 5; index++) await scene.instance.picture(`video-${index}.mp4`, mp4Of(500_000));
    const puts = () => scene.line.requests.filter((request) => request.startsWith('PUT')).length;
    await until(() => puts() >= 3, 'as many videos are in flight as may be');
    const bytes = await scene.instance.picture('live.jpg');
    await arrives('live.jpg', bytes);
    expect(await count()).to.equal(1);
    await grunt.kill();
  });

  it('the backlog goes newest first', async () => {
    for (let index = 0; index < 20; index++) await scene.instance.picture(eventName(index), jpegOf(20_000));
    const grunt = run(['--once', '--concurrency=1']);
    expect(await grunt.ended()).to.equal(0);
    const sent = [...grunt.output.matchAll(/(\d+)_6-\S+ is uploaded/g)].map((match) => Number(match[1]));
    expect(sent).to.deep.equal([...sent].sort((a, b) => b - a));
    expect(sent).to.have.length(20);
  });
});
