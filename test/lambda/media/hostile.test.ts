import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Inspector } from '../../../lambda/lib/media/inspector';
import { MOST_SCANS } from '../../../lambda/lib/media/jpeg';
import { Refused } from '../../../lambda/lib/media/refused';
import { sharp } from '../../../lambda/test-packages';
import * as corpus from './corpus';
import { type HostileFile, hostilePictures, hostileVideos, progressive } from './hostile';
import { LIMITS, verdict } from './verdict';

/** Processor time of this process, in seconds, that a piece of work takes. */
async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'ok',
    (error: unknown) => (error instanceof Refused ? error.reason : String(error)),
  );
}

/** A square of noise, which takes long to decode. */
function noise(side: number): ReturnType<typeof sharp> {
  const create = { width: side, height: side, channels: 3 as const, background: 'grey' };
  return sharp({ create: { ...create, noise: { type: 'gaussian', mean: 128, sigma: 30 } } });
}

describe('lambda: hostile files', () => {
  /** Each is what it must become, in bounded time and memory. */
  const hold = async ({ name, extension, file, becomes }: HostileFile): Promise<void> => {
    const memory = process.memoryUsage().rss;
    let said = '';
    const seconds = await cpuSeconds(async () => {
      said = await verdict(file, `jane/a${extension}`);
    });
    expect(said, name).to.be.oneOf([...becomes]);
    expect(seconds, `${name}: seconds of this process`).to.be.below(5);
    expect((process.memoryUsage().rss - memory) / 1024 ** 2, `${name}: MB`).to.be.below(300);
  };

  for (const video of hostileVideos()) it(`a video, ${video.name}: ${video.becomes.join(' or ')}`, () => hold(video));

  it('pictures: as many scans, directories, segments and rows as a file can hold', async () => {
    for (const picture of await hostilePictures()) await hold(picture);
  });

  it('a picture of as many scans as are allowed is decoded', async () => {
    expect(await verdict(progressive(640, 480, MOST_SCANS - 1))).to.equal('ok');
    expect(await verdict(progressive(640, 480, MOST_SCANS))).to.equal('TooComplex');
  });

  describe('the process that decodes pictures', () => {
    let inspector: Inspector;
    let file: Buffer;
    const look = (maker: Inspector, bytes = file) =>
      maker.inspect({ file: bytes, kind: 'image/jpeg', maxPixels: LIMITS.maxPixels, wantsPixels: false });
    before(async () => {
      file = await corpus.jpeg();
    });
    afterEach(() => inspector.close());

    it('is ended where a picture takes too much of the processor, and the next one is decoded all the same', async () => {
      inspector = new Inspector({ cpuTime: 300, memory: 1024 ** 3 });
      const large = await noise(4000).jpeg({ progressive: true }).toBuffer();
      const [slow, next] = [reasonOf(look(inspector, large)), reasonOf(look(inspector))];
      expect(await slow).to.equal('TooComplex');
      expect(await next).to.equal('ok');
    });

    it('is ended where a picture takes too much memory', async () => {
      inspector = new Inspector({ cpuTime: 60_000, memory: 90 * 1024 ** 2 });
      const large = await noise(4000).jpeg().toBuffer();
      expect(await reasonOf(look(inspector, large))).to.equal('TooComplex');
    });

    /** Ends so many of an inspector's processes, each as soon as it is there. */
    const killing = (of: Inspector, times: number): NodeJS.Timeout => {
      const killed = new Set<number>();
      return setInterval(() => {
        if (of.pid === undefined || killed.has(of.pid) || killed.size === times) return;
        killed.add(of.pid);
        process.kill(of.pid, 'SIGKILL');
      }, 5);
    };

    it('gets a second one for a picture where something ends the first; a picture that ends both is Unreadable', async () => {
      const large = await noise(4000).jpeg({ progressive: true }).toBuffer();
      for (const [times, becomes] of [
        [1, 'ok'],
        [2, 'Unreadable'],
      ] as const) {
        inspector = new Inspector({ cpuTime: 60_000, memory: 2 * 1024 ** 3 });
        const timer = killing(inspector, times);
        expect(await reasonOf(look(inspector, large)), `ended ${times} times`).to.equal(becomes);
        clearInterval(timer);
        expect(await reasonOf(look(inspector))).to.equal('ok');
        await inspector.close();
      }
    });

    it('has none of the credentials of the function', async () => {
      inspector = new Inspector();
      process.env.AWS_SECRET_ACCESS_KEY_OF_TEST = 'secret';
      await look(inspector);
      const environment = readFileSync(`/proc/${inspector.pid}/environ`, 'latin1');
      delete process.env.AWS_SECRET_ACCESS_KEY_OF_TEST;
      expect(environment).not.to.include('secret');
    });
  });
});
