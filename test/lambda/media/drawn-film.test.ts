import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { framesOf } from '../../../lambda/lib/media/frames';
import { VideoCheck } from '../../../lambda/lib/media/video';
import { filmOf } from '../../../tasks/lib/machinery/recording';
import { figureIn, type Moment, pixelsOf, yuvOf } from '../../../tasks/lib/machinery/scene';

describe('a film that the machinery of tests and demo draws', function () {
  this.timeout(60_000);
  const format = { width: 320, height: 240, framesPerSecond: 10 };
  const time = new Date('2026-06-21T12:00:00Z');
  const momentAt = (progress: number): Moment => ({ ...format, time, progress, isFrontDoor: true });
  const frameAt = (progress: number) => yuvOf({ ...format, data: pixelsOf(momentAt(progress)) });
  const film = filmOf(
    Array.from({ length: 30 }, (_, index) => frameAt(index / 30)),
    format,
  );

  it('is a whole H.264 video to the cloud', () => {
    const check = new VideoCheck();
    check.push(film);
    const { width, height, duration, codec, faults } = check.result(1e7);
    expect({ width, height, duration, codec }).to.deep.equal({
      width: 320,
      height: 240,
      duration: 3000,
      codec: 'avc1.42c01f',
    });
    expect(faults).to.deep.equal([]);
  });

  it('plays: FFmpeg decodes each frame, and whoever crosses is where the film says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'drawn-'));
    try {
      const path = join(directory, 'film.mp4');
      await writeFile(path, film);
      // Behind key frames and before them. The frame that is shown may be the one beside it: a coat is that wide.
      const frames = await framesOf({ path, moments: [50, 850, 1950, 2150, 2850] });
      expect(frames).to.have.length(5);
      for (const { at, picture } of frames) {
        const drawn = pixelsOf(momentAt(Math.floor(at / 100) / 30));
        const [left, _top, right, bottom] = figureIn(momentAt(Math.floor(at / 100) / 30));
        for (const [x, y] of [
          [(left + right) >> 1, bottom - 4],
          [310, 20],
        ] as const) {
          const [got, meant] = [picture.data.subarray((y * 320 + x) * 3), drawn.subarray((y * 320 + x) * 4)];
          // Sums of rounded samples; colour is known for each four pixels.
          for (const channel of [0, 1, 2]) expect(got[channel], `${at} ms`).to.be.closeTo(meant[channel] ?? 0, 25);
        }
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
