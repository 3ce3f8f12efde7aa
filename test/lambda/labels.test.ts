import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { embeddedLabels } from '../../lambda/lib/labels/embedded';
import type { LabelEngine } from '../../lambda/lib/labels/engine';
import { rekognitionLabels } from '../../lambda/lib/labels/rekognition';
import { LabelTurns } from '../../lambda/lib/labels/turns';
import { fieldsOf, list } from '../../lambda/lib/table/fields';
import { RekognitionClient, sharp } from '../../lambda/test-packages';
import type { Visitor } from './gallery/gallery-server';
import { Scene } from './gallery/scene';
import * as corpus from './media/corpus';

describe('lambda: labels', function () {
  this.timeout(120_000);

  it('the embedded engine finds a person on a photograph, and nothing where nothing is', async () => {
    const engine = await embeddedLabels();
    const photograph = readFileSync(join(__dirname, '..', 'fixtures', 'astronaut.jpg'));
    const pixels = async (image: ReturnType<typeof sharp>) => {
      const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
      return { data, width: info.width, height: info.height };
    };
    expect(await engine.detect(await pixels(sharp(photograph)))).to.deep.equal(['person']);
    expect(await engine.detect(await pixels(corpus.scene(640, 480)))).to.deep.equal([]);
  });

  it("Amazon's engine reads the labels that it is told, and their parents", async () => {
    const client = new RekognitionClient({ region: 'eu-west-1' });
    Object.assign(client, {
      send: async () => ({
        Labels: [{ Name: 'Dog', Parents: [{ Name: 'Animal' }, { Name: 'Pet' }] }, { Name: 'Tree' }],
      }),
    });
    const picture = { data: Buffer.alloc(64 * 64 * 3), width: 64, height: 64 };
    expect(await rekognitionLabels(client).detect(picture)).to.deep.equal(['animal']);
  });

  it('of each camera one picture in ten seconds is looked at, however many come', () => {
    const turns = new LabelTurns();
    const taken = (instance: string, second: number) => turns.take('jane', instance, new Date(second * 1000));
    expect([0, 1, 5, 9, 10, 12, 25].map((second) => taken('door', second))).to.deep.equal([
      true,
      false,
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(taken('garden', 1)).to.equal(true);
    // A clock that was set back.
    expect(taken('door', 0)).to.equal(true);
  });

  describe('for the owner', () => {
    let scene: Scene;
    let jane: Visitor;
    let shown: Awaited<ReturnType<LabelEngine['detect']>> = [];
    const labels: LabelEngine = { name: 'test', detect: async () => shown };
    beforeEach(async () => {
      scene = await Scene.start();
      await scene.account('jane');
      jane = await scene.visit('jane');
    });
    afterEach(() => scene.stop());

    const see = async (time: string, what: typeof shown, faces: number[] = []) => {
      shown = what;
      return await scene.see({ time, faces }, scene.lambda({ labels }));
    };
    const idsOf = async (query: string) =>
      list(await jane.read(`/api/events?${query}`), 'events').map((event) => fieldsOf(event).id);

    it('events are listed and counted by label, also together with a person; deleted ones are not', async () => {
      const burglar = await see('2026-04-22T10:00:00Z', ['person'], [1000]);
      const car = await see('2026-04-22T10:01:00Z', ['vehicle']);
      const both = await see('2026-04-22T11:02:00Z', ['person', 'vehicle']);
      await see('2026-04-22T11:03:00Z', []);
      expect((await jane.read(`/api/events/${both}`)).labels).to.deep.equal(['person', 'vehicle']);
      expect(await idsOf('label=person')).to.deep.equal([both, burglar]);
      expect(await idsOf('label=vehicle&day=2026-04-22')).to.deep.equal([both, car]);
      expect(await idsOf('label=animal')).to.deep.equal([]);
      const [person] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
      expect(await idsOf(`label=person&person=${person?.id}`)).to.deep.equal([burglar]);
      const total = async (query: string) => (await jane.read(`/api/days/2026-04-22?${query}`)).total;
      expect(await total('label=person')).to.equal(2);
      expect(await total(`label=person&person=${person?.id}`)).to.equal(1);
      expect(await total(`label=vehicle&person=${person?.id}`)).to.equal(0);
      expect(list(await jane.read('/api/bursts?label=vehicle'), 'bursts')).to.have.length(2);
      expect((await jane.get('/api/events?label=ghost')).status).to.equal(400);
      expect((await jane.send('DELETE', `/api/events/${both}`)).status).to.equal(204);
      expect(await idsOf('label=person')).to.deep.equal([burglar]);
      expect(await total('label=vehicle')).to.equal(1);
    });
  });
});
