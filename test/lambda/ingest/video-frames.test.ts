import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { embeddedEngine } from '../../../lambda/lib/faces/embedded';
import type { FaceEngine } from '../../../lambda/lib/faces/engine';
import { filmOf } from '../../../lambda/lib/ingest/video-frames';
import { framesOf, momentsOf } from '../../../lambda/lib/media/frames';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import { sharp } from '../../../lambda/test-packages';
import { type Item, TestCloud } from '../cloud';
import * as corpus from '../media/corpus';

const FIXTURES = join(__dirname, '..', '..', 'fixtures');
const VIDEO = readFileSync(join(FIXTURES, 'face.mp4'));
const KEY = 'jane/1429700000_6-123456_frontdoor_200-210-400-410_24_579.mp4';

describe('lambda: videos are events like others', function () {
  // FFmpeg is 30 MB of WebAssembly, which takes its time on a busy machine.
  this.timeout(180_000);
  let cloud: TestCloud;
  let directory: string;
  beforeEach(async () => {
    cloud = await TestCloud.start();
    directory = await mkdtemp(join(tmpdir(), 'kerberos-film-'));
  });
  afterEach(async () => {
    await cloud.stop();
    await rm(directory, { recursive: true });
  });

  const publish = async (video: Buffer, engine?: FaceEngine): Promise<Item> => {
    const lambda = cloud.lambda({ film: filmOf, ...(engine ? { engine } : {}) });
    await lambda({ Records: [await cloud.upload(KEY, video)] });
    const [event] = await cloud.itemsOf('EVENT');
    return event ?? {};
  };
  const sides = async (key: string) => {
    const { width, height } = await sharp((await cloud.object(key)).body).metadata();
    return [width, height];
  };

  it('one is published with a poster, a strip of frames across it, its duration and its codec', async () => {
    const event = await publish(VIDEO);
    expect(event).to.include({ kind: 'video/mp4', width: 640, height: 480, duration: 4000 });
    expect(event.codec).to.match(/^avc1\.64/);
    const stem = String(event.key).replace('.mp4', '');
    expect(event.thumbnailKey).to.equal(`${stem}.thumbnail.jpg`);
    expect(await sides(`${stem}.thumbnail.jpg`)).to.deep.equal([320, 240]);
    expect(await sides(`${stem}.frames.jpg`)).to.deep.equal([8 * 160, 120]);
    const { poster, moments } = fieldsOf(event.film);
    expect(moments).to.deep.equal([250, 750, 1250, 1750, 2250, 2750, 3250, 3750]);
    expect(await sides(`${stem}.frame-${poster}.jpg`)).to.deep.equal([640, 480]);
  });

  it('a face in a video is known, and found again in a picture', async () => {
    const engine = await embeddedEngine();
    const event = await publish(VIDEO, engine);
    const [face, ...others] = list(event, 'faces').map(fieldsOf);
    expect(others).to.deep.equal([]);
    expect(event.engine).to.equal(engine.name);
    const stem = String(event.key).replace('.mp4', '');
    expect(await sides(`${stem}.frame-${face?.frame}.jpg`)).to.deep.equal([640, 480]);
    const picture = readFileSync(join(FIXTURES, 'astronaut.jpg'));
    const record = await cloud.upload('jane/1429700100_6-123456_garden_1-1-2-2_1_1.jpg', picture);
    await cloud.lambda({ engine })({ Records: [record] });
    const again = (await cloud.itemsOf('EVENT')).find(({ instance }) => instance === 'garden') ?? {};
    expect(list(again, 'faces').map((one) => fieldsOf(one).person)).to.deep.equal([face?.person]);
    const [person] = await cloud.itemsOf('PERSONS');
    expect(fieldsOf(person?.portrait).event).to.equal(again.id);
  });

  it('what no decoder can decode is published without a poster', async () => {
    const event = await publish(corpus.mp4());
    expect(event).to.include({ kind: 'video/mp4', state: 'published' });
    expect(event).not.to.have.any.keys('thumbnailKey', 'film');
    expect(await cloud.published()).to.have.length(1);
  });

  it('a recording that was cut off shows frames as far as it goes', async () => {
    const path = join(directory, 'cut.mp4');
    await writeFile(path, VIDEO.subarray(0, Math.floor(VIDEO.length * 0.6)));
    const frames = await framesOf({ path, moments: momentsOf(4000) });
    expect(frames.length).to.be.within(2, 7);
    expect(frames[0]?.picture).to.include({ width: 640, height: 480 });
  });

  it('a video that takes too much is ended, and the frames that were there count', async () => {
    const path = join(directory, 'video.mp4');
    await writeFile(path, VIDEO);
    const limits = { cpuTime: 0, memory: 1e9 };
    expect(await framesOf({ path, moments: momentsOf(4000) }, limits)).to.deep.equal([]);
    expect(await framesOf({ path, moments: [0] }, { cpuTime: 60_000, memory: 1 })).to.deep.equal([]);
  });

  it('nothing stays of the file that was brought here to be decoded', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = directory;
    try {
      await publish(VIDEO);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(directory)).to.deep.equal([]);
  });
});
