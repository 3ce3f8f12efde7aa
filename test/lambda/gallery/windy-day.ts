/**
 * Puts the windy day of the demo into a cloud, quickly: what shows a thing in the wind is written as ingest would have left it,
 * without looking at 1,950 pictures. The rest can be ingested by whoever asks for it.
 */

import { inParallel } from '../../../lambda/lib/in-parallel';
import { originOf } from '../../../lambda/lib/ingest/event';
import { writeEvent } from '../../../lambda/lib/table/event-item';
import { writeLastEvent } from '../../../lambda/lib/table/instance-item';
import { dayCountsKey } from '../../../lambda/lib/table/keys';
import { Table } from '../../../lambda/lib/table/table';
import { s3 } from '../../../lambda/test-packages';
import { HEIGHT, WIDTH, type WindyPicture, windyDay } from '../../../tasks/lib/demo/windy-day';
import type { TestCloud } from '../cloud';

/** A picture of the day, with the name that the machinery gives it. */
export interface NamedPicture extends WindyPicture {
  time: Date;
  fileName: string;
}

/** The pictures of the day that begins at an instant. */
export function namedPictures(midnight: Date): NamedPicture[] {
  return windyDay().map((picture, i) => {
    const time = new Date(midnight.getTime() + picture.at);
    const seconds = Math.floor(time.getTime() / 1000);
    const { camera, region, changes } = picture;
    return { ...picture, time, fileName: `${seconds}_6-000000_${camera}_${region.join('-')}_${changes}_${i}.jpg` };
  });
}

/** Writes pictures as published events of an account; all of a camera show the same bytes. */
export async function writePictures(
  cloud: TestCloud,
  account: string,
  pictures: readonly NamedPicture[],
  bytes: Record<NamedPicture['camera'], Buffer>,
): Promise<void> {
  const table = new Table(cloud.documents, cloud.tableName);
  for (const [camera, Body] of Object.entries(bytes)) {
    const put = { Bucket: cloud.production, Key: `${account}/wind/${camera}.jpg`, Body, ContentType: 'image/jpeg' };
    await cloud.s3.send(new s3.PutObjectCommand(put));
  }
  const quarters = new Map<string, { picture: NamedPicture; counts: Map<number, number> }>();
  await inParallel(pictures, async (picture) => {
    const { camera, time, fileName, region, changes } = picture;
    const key = `${account}/wind/${camera}.jpg`;
    const day = `${camera} ${time.toISOString().slice(0, 10)}`;
    const quarter = time.getUTCHours() * 4 + Math.floor(time.getUTCMinutes() / 15);
    const ofDay = quarters.get(day) ?? { picture, counts: new Map<number, number>() };
    ofDay.counts.set(quarter, (ofDay.counts.get(quarter) ?? 0) + 1);
    quarters.set(day, ofDay);
    await writeEvent(table, {
      ...{ account, id: originOf(`${account}/${fileName}`).id, fileName, key, thumbnailKey: key, etag: '"wind"' },
      ...{ sha256: '0'.repeat(64), size: bytes[camera].length, kind: 'image/jpeg', width: WIDTH, height: HEIGHT },
      ...{ time, instance: camera, region: [...region], changes, faces: [], sequencer: '1', received: time },
    });
  });
  for (const { picture, counts } of quarters.values()) {
    const { camera: instance, time } = picture;
    // What was ingested before stays counted.
    const key = dayCountsKey(account, instance, time);
    const before = (await table.get(key)) ?? {};
    const item: Record<string, unknown> = { ...before, instance, day: time.toISOString().slice(0, 10) };
    item.received = time.getTime();
    delete item.expires;
    for (const [quarter, number] of counts) {
      for (const name of [`n${quarter}`, `v${quarter}`]) item[name] = Number(before[name] ?? 0) + number;
    }
    await table.replace(key, item);
    const id = originOf(`${account}/${picture.fileName}`).id;
    await writeLastEvent(table, {
      ...{ account, id, fileName: picture.fileName, key: '', etag: '', sha256: '', size: 1, kind: 'image/jpeg' },
      ...{ width: WIDTH, height: HEIGHT, time, instance, faces: [], sequencer: '1', received: time },
    });
  }
}
