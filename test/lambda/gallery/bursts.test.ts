import { expect } from 'chai';
import { type Fields, fieldsOf, list } from '../../../lambda/lib/table/fields';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';

const DAY = '2026-04-22';
const START = Date.parse(`${DAY}T08:00:00Z`);

/** When a camera saw something: seconds behind START. */
interface Seen {
  second: number;
  instance: string;
  faces?: number[];
}

/** The bursts as one would find them with a pencil: by camera, and then by their last pictures. */
function pencilled(seen: readonly Seen[], gap: number): string[] {
  const bursts: { instance: string; from: number; to: number; count: number }[] = [];
  for (const { instance, second } of [...seen].sort((a, b) => a.second - b.second)) {
    const current = bursts.findLast((burst) => burst.instance === instance);
    if (current && gap > 0 && second - current.to <= gap) {
      current.to = second;
      current.count += 1;
    } else bursts.push({ instance, from: second, to: second, count: 1 });
  }
  return bursts.sort((a, b) => b.to - a.to).map((one) => `${one.instance} ${one.from}-${one.to} ${one.count}`);
}

function told(burst: Fields): string {
  const second = (name: string) => (Date.parse(String(burst[name])) - START) / 1000;
  const { instance } = fieldsOf(burst.cover);
  return `${String(fieldsOf(instance).name)} ${second('from')}-${second('to')} ${String(burst.count)}`;
}

async function burstsOf(visitor: Visitor, path: string, between = async () => {}): Promise<Fields[][]> {
  const pages: Fields[][] = [];
  let cursor: unknown;
  do {
    const page = await visitor.read(cursor === undefined ? path : `${path}&cursor=${String(cursor)}`);
    pages.push(list(page, 'bursts').map(fieldsOf));
    cursor = page.cursor;
    await between();
  } while (cursor !== undefined);
  return pages;
}

describe('gallery: bursts', () => {
  let scene: Scene;
  let jane: Visitor;
  let requests: string[];
  beforeEach(async () => {
    scene = await Scene.start();
    await scene.account('jane', { timeZone: 'Europe/Brussels' });
    requests = [];
    jane = await scene.visit('jane', { before: (command) => requests.push(command) });
  });
  afterEach(() => scene.stop());

  const see = async ({ second, instance, faces = [] }: Seen) =>
    await scene.see({ time: new Date(START + second * 1000).toISOString(), instance, faces });

  // Two cameras whose bursts overlap: the door's lies around two of the garden's, and one is as long as the gap allows.
  const SEEN: Seen[] = [
    ...[0, 15, 30, 45, 60, 75, 90].map((second) => ({ second, instance: 'door' })),
    ...[10, 20, 50, 70].map((second) => ({ second, instance: 'garden' })),
    ...[111, 131, 152].map((second) => ({ second, instance: 'door' })),
    { second: 300, instance: 'garden' },
  ];

  it('are the pictures of a camera that follow each other within the gap, whatever the size of a page', async () => {
    for (const seen of SEEN) await see(seen);
    const expected = pencilled(SEEN, 20);
    expect(expected).to.have.length(6);
    for (const limit of [1, 2, 3, 4, 100]) {
      const pages = await burstsOf(jane, `/api/bursts?day=${DAY}&limit=${limit}`);
      expect(pages.flat().map(told), `limit ${limit}`).to.deep.equal(expected);
      expect(pages.slice(0, -1).every((page) => page.length === limit)).to.equal(true);
    }
    for (const gap of [0, 9, 30]) {
      const pages = await burstsOf(jane, `/api/bursts?day=${DAY}&limit=2&gap=${gap}`);
      expect(pages.flat().map(told), `gap ${gap}`).to.deep.equal(pencilled(SEEN, gap));
    }
    const withoutDay = await burstsOf(jane, '/api/bursts?limit=2');
    expect(withoutDay.flat().map(told)).to.deep.equal(expected);
  });

  it('neither repeat nor lose a picture while the burst at the edge of a page grows', async () => {
    for (const seen of SEEN) await see(seen);
    let late = 165;
    const grow = async () => void (await see({ second: late++, instance: 'door' }));
    const pages = await burstsOf(jane, `/api/bursts?day=${DAY}&limit=1`, grow);
    const firsts = pages.flat().map(({ id }) => id);
    expect(new Set(firsts).size).to.equal(firsts.length);
    // The second page began when the newest burst of the door had no more than its three pictures.
    expect(pages.flat().map(told)).to.deep.equal(
      pencilled(SEEN, 20).map((burst) => (burst === 'door 152-152 1' ? 'door 152-165 2' : burst)),
    );
  });

  it('each of its pictures can be had, and no other', async () => {
    const ids = new Map<string, number>();
    for (const seen of SEEN) ids.set(await see(seen), seen.second);
    const [bursts = []] = await burstsOf(jane, `/api/bursts?day=${DAY}`);
    const found: number[] = [];
    for (const burst of bursts) {
      const { instance } = fieldsOf(burst.cover);
      const range = `from=${String(burst.from)}&to=${String(burst.to)}`;
      const path = `/api/events?day=${DAY}&instance=${String(fieldsOf(instance).id)}&${range}`;
      const events = list(await jane.read(path), 'events').map(fieldsOf);
      expect(events).to.have.length(Number(burst.count));
      expect([events.at(-1)?.id, events[0]?.id]).to.deep.equal([burst.id, burst.last]);
      found.push(...events.map(({ id }) => ids.get(String(id)) ?? -1));
    }
    expect(found.sort((a, b) => a - b)).to.deep.equal(SEEN.map(({ second }) => second).sort((a, b) => a - b));
  });

  it('tells who is on it, and its cover is the picture with most faces', async () => {
    await see({ second: 0, instance: 'door' });
    const withTwo = await see({ second: 5, instance: 'door', faces: [1000, 3000] });
    await see({ second: 10, instance: 'door', faces: [1000] });
    const [[burst] = []] = await burstsOf(jane, `/api/bursts?day=${DAY}`);
    expect(list(fieldsOf(burst), 'people')).to.have.length(2);
    expect(fieldsOf(fieldsOf(burst).cover).id).to.equal(withTwo);
    const [{ id: person = '' } = {}] = list(await jane.read('/api/persons'), 'persons').map(fieldsOf);
    const [filtered = []] = await burstsOf(jane, `/api/bursts?day=${DAY}&person=${String(person)}`);
    expect(filtered.map(told)).to.have.length(1);
    expect((await jane.send('DELETE', `/api/persons/${String(person)}`)).status).to.equal(204);
    const [[afterwards] = []] = await burstsOf(jane, `/api/bursts?day=${DAY}`);
    expect(list(fieldsOf(afterwards), 'people')).to.have.length(1);
  });

  it('a picture that is deleted is not counted, and one of another account is never in it', async () => {
    await scene.account('john');
    await scene.see({ account: 'john', time: new Date(START + 1000).toISOString(), instance: 'door' });
    const first = await see({ second: 0, instance: 'door' });
    await see({ second: 10, instance: 'door' });
    expect((await jane.send('DELETE', `/api/events/${first}`)).status).to.equal(204);
    const [bursts = []] = await burstsOf(jane, `/api/bursts?day=${DAY}`);
    expect(bursts.map(told)).to.deep.equal(['door 10-10 1']);
  });

  it('a page of them is a handful of requests to the table, however many pictures they have', async () => {
    for (const seen of SEEN) await see(seen);
    // What is usual is worked out once.
    await jane.read(`/api/bursts?day=${DAY}`);
    requests.length = 0;
    await jane.read(`/api/bursts?day=${DAY}`);
    // The account, its instances, what is usual, the two days of UTC that the day touches, the covers.
    const reading = ['QueryCommand', 'BatchGetItemCommand', 'QueryCommand', 'QueryCommand', 'BatchGetItemCommand'];
    expect(requests).to.deep.equal(['GetItemCommand', ...reading]);
  });

  it('what makes no sense is refused with a reason', async () => {
    const { cursor } = await jane.read(`/api/bursts?day=${DAY}`);
    expect(cursor).to.equal(undefined);
    for (const path of ['gap=601', 'gap=-1', 'limit=0', 'limit=101', 'until=3', 'cursor=abc', 'day=2026-02-30']) {
      expect((await jane.get(`/api/bursts?${path}`)).status, path).to.equal(400);
    }
    for (const path of ['from=yesterday', 'to=2026-04-22', 'limit=501']) {
      expect((await jane.get(`/api/events?${path}`)).status, path).to.equal(400);
    }
  });
});
