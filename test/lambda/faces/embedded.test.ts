import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { embeddedEngine } from '../../../lambda/lib/faces/embedded';
import type { Box, FaceEngine } from '../../../lambda/lib/faces/engine';
import { decode } from '../../../lambda/lib/media/image';
import type { EventFace } from '../../../lambda/lib/table/event-item';
import { eventOf } from '../../../lambda/lib/table/event-item';
import { sharp } from '../../../lambda/test-packages';
import { TestCloud } from '../cloud';
import * as corpus from '../media/corpus';

const ASTRONAUT = readFileSync(join(__dirname, '..', '..', 'fixtures', 'astronaut.jpg'));
/** Photographs that may be there beside the checkout; they are not ours to commit. */
const PHOTOS = join(__dirname, '..', '..', '..', '..', 'shared', 'photos');

const photo = (name: string) => readFileSync(join(PHOTOS, name));

function overlap([a1, b1, a2, b2]: Box, [c1, d1, c2, d2]: Box): number {
  const shared = Math.max(0, Math.min(a2, c2) - Math.max(a1, c1)) * Math.max(0, Math.min(b2, d2) - Math.max(b1, d1));
  return shared / ((a2 - a1) * (b2 - b1) + (c2 - c1) * (d2 - d1) - shared);
}

describe('lambda: faces found by the embedded engine', function () {
  this.timeout(60_000);
  let engine: FaceEngine;
  let cloud: TestCloud;
  before(async () => {
    engine = await embeddedEngine();
  });
  beforeEach(async () => {
    cloud = await TestCloud.start();
  });
  afterEach(() => cloud.stop());

  const faces = async (file: Buffer) => await engine.detect((await decode(file, 'image/jpeg', 24_000_000)).upright);
  /** The faces of the events of these pictures, delivered one after another. */
  const ingest = async (...files: Buffer[]): Promise<EventFace[][]> => {
    const lambda = cloud.lambda({ engine });
    for (const [i, file] of files.entries()) {
      await lambda({ Records: [await cloud.upload(`jane/142970000${i}_6-000000_door_1-1-2-2_1_1.jpg`, file)] });
    }
    return (await cloud.itemsOf('EVENT'))
      .map(eventOf)
      .sort((a, b) => Number(a.time) - Number(b.time))
      .map((event) => event.faces);
  };

  it('one face in a photograph, where it is, as 128 numbers', async () => {
    const found = await faces(ASTRONAUT);
    expect(found).to.have.length(1);
    expect(overlap(found[0]?.box ?? [0, 0, 0, 0], [181, 71, 265, 176])).to.be.above(0.8);
    expect(found[0]?.score).to.be.within(0.9, 1);
    expect(found[0]?.print).to.have.length(128 * 4);
  });

  it('in pixels of the upright picture, also where EXIF turns it, and where it is large', async () => {
    const turned = await sharp(ASTRONAUT).rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer();
    expect(overlap((await faces(turned))[0]?.box ?? [0, 0, 0, 0], [181, 71, 265, 176])).to.be.above(0.8);
    const large = await sharp(ASTRONAUT).resize(2048).jpeg().toBuffer();
    expect(overlap((await faces(large))[0]?.box ?? [0, 0, 0, 0], [724, 284, 1060, 704])).to.be.above(0.8);
  });

  it('none where there is none, and none that is too small to be told from noise', async () => {
    expect(await faces(await corpus.jpeg(640, 480))).to.deep.equal([]);
    const far = await sharp(ASTRONAUT).resize(128).extend({ right: 512, bottom: 384 }).jpeg().toBuffer();
    expect(await faces(far)).to.deep.equal([]);
  });

  it('the same person in another light, another size and mirrored is the same person', async () => {
    const [first = [], ...others] = await ingest(
      ASTRONAUT,
      await sharp(ASTRONAUT).modulate({ brightness: 0.7 }).jpeg({ quality: 60 }).toBuffer(),
      await sharp(ASTRONAUT).flop().resize(700).jpeg().toBuffer(),
    );
    expect(first).to.have.length(1);
    for (const other of others) expect(other.map(({ person }) => person)).to.include(first[0]?.person);
    const known = (await cloud.itemsOf('PERSONS')).find(({ person }) => person === first[0]?.person);
    expect(known).to.include({ engine: engine.name, since: 1429700000000 });
    expect(
      (await cloud.itemsOf('PERSON')).filter(({ pk }) => String(pk).endsWith(String(first[0]?.person))),
    ).to.have.length(3);
  });

  it('one face twice in a picture, as in a mirror, is one person', async () => {
    const width = 512;
    const twice = await sharp(ASTRONAUT)
      .extend({ right: width })
      .composite([
        {
          input: await sharp(ASTRONAUT).raw().toBuffer(),
          raw: { width, height: width, channels: 3 },
          left: width,
          top: 0,
        },
      ])
      .jpeg()
      .toBuffer();
    const [both = []] = await ingest(twice);
    expect(both).to.have.length(1);
  });

  it('delivered three times, also to another Lambda: the same persons, the same items', async () => {
    const record = await cloud.upload('jane/1429700000_6-000000_door_1-1-2-2_1_1.jpg', ASTRONAUT);
    const lambda = cloud.lambda({ engine });
    await lambda({ Records: [record] });
    const once = await cloud.items();
    await lambda({ Records: [record] });
    await cloud.lambda({ engine })({ Records: [record] });
    expect(await cloud.items()).to.deep.equal(once);
  });

  it('a crash after any request heals, and no person is founded twice', async () => {
    const settled: unknown[] = [];
    const found = await faces(ASTRONAUT);
    const remembering = { ...engine, detect: async () => found };
    const record = await cloud.upload('jane/1429700000_6-000000_door_1-1-2-2_1_1.jpg', ASTRONAUT);
    for (let survived = 0; survived < 25; survived++) {
      let begun = 0;
      const crashing = cloud.lambda({
        engine: remembering,
        before: () => {
          if (begun === survived) throw new Error('crashed');
          begun += 1;
        },
      });
      const outcome = await crashing({ Records: [record] }).then(() => 'done', String);
      await cloud.lambda({ engine: remembering })({ Records: [record] });
      settled.push(await cloud.items());
      expect(settled.at(-1), `after a crash behind request ${survived}`).to.deep.equal(settled[0]);
      if (outcome === 'done') return;
      await cloud.wipe();
    }
    throw new Error('The Lambda never finished.');
  });

  it('photographs of one person are the same person, and of two people two', async function () {
    if (!existsSync(PHOTOS)) this.skip();
    const found = await ingest(photo('person-a-1.jpg'), photo('person-b-1.jpg'), photo('person-a-2.jpg'), ASTRONAUT);
    const persons = found.map((one) => one.map(({ person }) => person));
    expect(persons.map((one) => one.length)).to.deep.equal([1, 1, 1, 1]);
    expect(persons[2]).to.deep.equal(persons[0]);
    expect(new Set(persons.flat()).size).to.equal(3);
  });

  it('photographs without a face have none', async function () {
    if (!existsSync(PHOTOS)) this.skip();
    for (const name of ['brick', 'coffee', 'rocket']) {
      expect(await faces(photo(`no-face-${name}.jpg`)), name).to.deep.equal([]);
    }
  });
});
