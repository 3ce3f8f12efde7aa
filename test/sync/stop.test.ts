import { expect } from 'chai';
import { eventName } from '../kerberos';
import { jpegOf, mp4Of } from './media';
import { useScene } from './scene';

describe('grunt sync: stop', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, isStored, isInFlight } = scene;

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} finishes what is in flight, writes the ledger and ends with 0`, async () => {
      await scene.instance.picture(eventName(1), jpegOf(200_000));
      const grunt = run(['--limit-rate=100k'], {}, scene.line);
      await isInFlight(eventName(1));
      grunt.process.kill(signal);
      grunt.process.kill(signal);
      expect(await grunt.ended()).to.equal(0);
      expect(await isStored(eventName(1), jpegOf(200_000))).to.equal(true);
      const again = run(['--once']);
      await again.ended();
      expect(again.output).not.to.include('is uploaded');
    });
  }

  it('ends within 10 s although the line is dead in the middle of a video', async () => {
    scene.line.fault = (message) => {
      if (message.method !== 'PUT') return false;
      message.pause();
      return true;
    };
    await scene.instance.picture('video.mp4', mp4Of(20 * 1024 * 1024));
    const grunt = run([], {}, scene.line);
    await isInFlight('video.mp4');
    const begun = performance.now();
    expect(await grunt.stop()).to.equal(0);
    expect(performance.now() - begun).to.be.within(9_000, 14_000);
  });

  it('finishes although nobody reads what it prints any more', async () => {
    await scene.instance.picture(eventName(1), jpegOf(200_000));
    const grunt = run(['--limit-rate=100k'], {}, scene.line);
    await isInFlight(eventName(1));
    grunt.process.stdout?.destroy();
    grunt.process.stderr?.destroy();
    expect(await grunt.stop()).to.equal(0);
    expect(await isStored(eventName(1), jpegOf(200_000))).to.equal(true);
  });
});
