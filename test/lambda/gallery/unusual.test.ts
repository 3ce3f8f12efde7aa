import { expect } from 'chai';
import { fieldsOf, list } from '../../../lambda/lib/table/fields';
import { BURGLAR_PICTURES, WINDY_PICTURES } from '../../../tasks/lib/demo/windy-day';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';
import { type NamedPicture, namedPictures, writePictures } from './windy-day';

const DAY = '2026-04-21';

describe('gallery: what is unusual', function () {
  this.timeout(180_000);
  let scene: Scene;
  let jane: Visitor;
  let pictures: NamedPicture[];
  let garden: string;
  before(async () => {
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'UTC' });
    pictures = namedPictures(new Date(`${DAY}T00:00:00Z`));
    const bytes = { garden: Buffer.from('a tree'), frontdoor: Buffer.from('a flag') };
    await writePictures(scene.cloud, 'jane', pictures, bytes);
    jane = await scene.visit('jane');
    const instances = list(await jane.read('/api/instances'), 'instances').map(fieldsOf);
    garden = String(instances.find(({ name }) => name === 'garden')?.id);
  });
  after(() => scene.stop());

  const all = async (path: string, name: 'bursts' | 'events') => {
    const found = [];
    let requests = 0;
    let cursor: unknown;
    do {
      const page = await jane.read(cursor === undefined ? path : `${path}&cursor=${String(cursor)}`);
      found.push(...list(page, name).map(fieldsOf));
      cursor = page.cursor;
      requests += 1;
    } while (cursor !== undefined);
    return { found, requests };
  };
  const named = (subject: NamedPicture['subject']) =>
    pictures.filter((one) => one.subject === subject).map(({ fileName }) => fileName);

  it('54 of the 2,004 pictures of the windy day are left, all 25 of the burglar among them', async () => {
    const { found } = await all(`/api/events?day=${DAY}&unusual=true&limit=500`, 'events');
    const names = found.map(({ fileName }) => String(fileName));
    expect(names).to.include.members(named('burglar'));
    expect(names).to.have.members([...named('burglar'), ...named('other')]);
    expect(names).to.have.length(54);
    expect((await jane.read(`/api/days/${DAY}?unusual=true`)).total).to.equal(54);
  });

  it('the burglar is one burst of 25; all of the day is a few requests, and counts are those of everything', async () => {
    const { found: unusual } = await all(`/api/bursts?day=${DAY}&unusual=true`, 'bursts');
    const burglar = unusual.find(({ count }) => count === BURGLAR_PICTURES);
    expect(String(burglar?.localFrom)).to.match(/T02:50:00/);
    const { found: bursts, requests } = await all(`/api/bursts?day=${DAY}`, 'bursts');
    expect(requests).to.be.at.most(4);
    expect(bursts.length).to.be.within(100, 220);
    expect(bursts.reduce((sum, { count }) => sum + Number(count), 0)).to.equal(WINDY_PICTURES);
    expect((await jane.read(`/api/days/${DAY}`)).total).to.equal(WINDY_PICTURES);
    expect((await jane.read('/api/months/2026-04')).days).to.deep.equal({ [DAY]: WINDY_PICTURES });
  });

  it('what ranks low says why, and stands in the list of everything', async () => {
    const { found } = await all(`/api/bursts?day=${DAY}`, 'bursts');
    const low = found.filter(({ unusual }) => unusual === 0);
    expect(low.length).to.be.above(90);
    for (const { usual } of low) expect(Number(fieldsOf(usual).spans)).to.be.at.least(12);
    for (const { unusual, usual } of found) expect(usual === undefined).to.equal(Number(unusual) > 0);
  });

  it('a part of the picture that is drawn is a filter, of lists and of counts', async () => {
    const where = `instance=${garden}&area=300,400,1000,800`;
    const { found } = await all(`/api/events?day=${DAY}&${where}&limit=500`, 'events');
    const expected = pictures.filter(({ camera, region: [x1, y1, x2, y2] }) => {
      return camera === 'garden' && x1 < 640 && x2 > 192 && y1 < 384 && y2 > 192;
    });
    expect(found.map(({ fileName }) => fileName)).to.have.members(expected.map(({ fileName }) => fileName));
    expect((await jane.read(`/api/days/${DAY}?${where}`)).total).to.equal(expected.length);
    for (const wrong of [
      'area=0,0,1,1',
      `instance=${garden}&area=5,5,5,5`,
      `instance=${garden}&area=0,0,1001,1`,
      'unusual=true',
    ]) {
      expect((await jane.get(`/api/events?${wrong}`)).status, wrong).to.equal(400);
    }
  });

  it('the heat of the day is of the events that changed something there', async () => {
    const heat = await jane.read(`/api/days/${DAY}/heat?instance=${garden}`);
    const cells = list(heat, 'cells').map(Number);
    expect(heat.events).to.equal(pictures.filter(({ camera }) => camera === 'garden').length);
    // The middle of the tree, and a place in the sky.
    expect(cells[6 * 16 + 3]).to.be.above(500);
    expect(list(heat, 'usual')[6 * 16 + 3]).to.equal(true);
    expect(cells[1 * 16 + 14]).to.equal(0);
    const burglar = 9 * 16 + 12;
    expect(cells[burglar]).to.be.above(5);
    expect(list(heat, 'usual')[burglar]).to.equal(false);
  });

  it('a face in front of the tree ranks high, and so does twice as much that changes there', async () => {
    const at = (second: number) => `${DAY}T23:30:0${second}Z`;
    const see = async (second: number, changes: number, faces: number[] = []) => {
      const instant = Date.parse(at(second));
      const key = `jane/${instant / 1000}_6-000000_garden_4-12-20-26_${changes}_9.jpg`;
      const record = await scene.cloud.upload(key, await scene.picture());
      await scene.deliver({ ...record, eventTime: at(second) }, faces);
    };
    await see(0, 1000);
    await see(1, 9000);
    await see(2, 1000, [1000]);
    const { found } = await all(`/api/events?day=${DAY}&unusual=true&limit=500`, 'events');
    const late = found.filter(({ time }) => String(time) >= at(0)).map(({ changes }) => changes);
    expect(late).to.deep.equal([1000, 9000]);
  });

  it('deliveries that come twice change nothing of what is usual', async () => {
    const made = async () => {
      const old = await scene.cloud.itemsOf('USUAL');
      await scene.table.removeAll(old.map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) })));
      await jane.read(`/api/bursts?day=${DAY}`);
      return (await scene.cloud.itemsOf('USUAL')).map(({ cells }) => cells);
    };
    const before = await made();
    expect(before).to.have.length(2);
    const bytes = { garden: Buffer.from('a tree'), frontdoor: Buffer.from('a flag') };
    const twice = pictures.filter((_, i) => i % 20 === 0);
    await writePictures(scene.cloud, 'jane', twice, bytes);
    expect(await made()).to.deep.equal(before);
  });
});
