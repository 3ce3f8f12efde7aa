/**
 * `node test/bench/gallery.js`: what a page of 60 events costs where a day has 10,000 of them, by the handler against
 * dynalite on this machine. Real DynamoDB answers a query of a page in some 10 ms, whatever the day has.
 */
import { count } from '../../lambda/lib/table/counts';
import { Change } from '../../lambda/lib/table/expression';
import {
  appearanceKey,
  dayKey,
  eventKey,
  instanceEventsKey,
  instanceKey,
  personKey,
  timeKey,
} from '../../lambda/lib/table/keys';
import { Table } from '../../lambda/lib/table/table';
import { TestCloud } from '../lambda/cloud';
import { addAccount, GalleryServer } from '../lambda/gallery/gallery-server';

const EVENTS = 10_000;
const PERSON = 'somebodysomebody';

async function main(): Promise<void> {
  const cloud = await TestCloud.start();
  const table = new Table(cloud.documents, cloud.tableName);
  const start = Date.parse('2026-04-22T00:00:00Z');
  const instances = ['door', 'garden', 'shop'];
  const write = async (i: number) => {
    const time = new Date(start + Math.floor((i * 86_400_000) / EVENTS));
    const id = `event${String(i).padStart(17, '0')}`;
    const instance = instances[i % instances.length] ?? '';
    const isOn = i % 10 === 0;
    await table.replace(eventKey('jane', id), {
      ...{ account: 'jane', id, fileName: `${i}.jpg`, key: `jane/${id}/x.jpg`, etag: '"x"', sha256: 'x'.repeat(64) },
      ...{ size: 50_000, kind: 'image/jpeg', width: 1280, height: 720, time: time.getTime(), instance },
      ...{ sequencer: '1', received: time.getTime(), state: 'published', settled: true, region: [1, 2, 3, 4] },
      faces: isOn ? [{ box: [1, 2, 3, 4], score: 0.9, person: PERSON, sure: true }] : [],
      dayKey: dayKey('jane', time),
      instanceKey: instanceEventsKey('jane', instance),
      timeKey: timeKey(time, id),
    });
    if (isOn) await table.create(appearanceKey('jane', PERSON, time, id), { event: id, instance });
  };
  for (let i = 0; i < EVENTS; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => write(i + j)));
  for (const instance of instances) {
    await table.update(instanceKey('jane', instance), new Change().set({ instance, lastSeen: start }));
    for (let minute = 0; minute < 1440; minute += 15) {
      await count(table, { account: 'jane', instance, time: new Date(start + minute * 60_000), id: `n${minute}` });
    }
  }
  await table.create(personKey('jane', PERSON), { person: PERSON, since: start });
  await addAccount(cloud, 'jane', { timeZone: 'Europe/Brussels' });
  let requests = 0;
  const server = await GalleryServer.start(cloud.gallery({ before: () => void requests++ }));
  const jane = await server.loggedIn('jane');
  const measure = async (name: string, path: string) => {
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      requests = 0;
      const begun = performance.now();
      await jane.read(path);
      times.push(performance.now() - begun);
    }
    times.sort((a, b) => a - b);
    console.log(
      `${name}: ${times[15]?.toFixed(0)} ms (median), ${times[28]?.toFixed(0)} ms (29th of 30), ${requests} requests`,
    );
  };
  const garden = idOf(await jane.read('/api/instances'));
  const { cursor } = await deep(jane);
  await measure('newest page of a day', '/api/events?day=2026-04-22');
  await measure('a page in the middle of the day', `/api/events?day=2026-04-22&cursor=${cursor}`);
  await measure('a page from an hour on', '/api/events?day=2026-04-22&until=8');
  await measure('an instance', `/api/events?day=2026-04-22&instance=${garden}`);
  await measure('a person', `/api/events?day=2026-04-22&person=${PERSON}`);
  await measure('a person at an instance', `/api/events?day=2026-04-22&person=${PERSON}&instance=${garden}`);
  await measure('no filter', '/api/events');
  await measure('the hours of the day', '/api/days/2026-04-22');
  await measure('the hours of a person', `/api/days/2026-04-22?person=${PERSON}`);
  await measure('the month', '/api/months/2026-04');
  await server.stop();
  await cloud.stop();
}

async function deep(jane: { read(path: string): Promise<Record<string, unknown>> }): Promise<{ cursor: string }> {
  let cursor = '';
  for (let i = 0; i < 80; i++) {
    cursor = String((await jane.read(`/api/events?day=2026-04-22${cursor && `&cursor=${cursor}`}`)).cursor);
  }
  return { cursor };
}

function idOf({ instances }: Record<string, unknown>): string {
  return JSON.stringify(instances).match(/"id":"([^"]+)","name":"garden"/)?.[1] ?? '';
}

void main();
