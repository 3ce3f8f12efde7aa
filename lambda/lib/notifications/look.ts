/**
 * The look at all cameras, every five minutes: who is gone, who is back, and where more and more files wait. Each is told
 * once: the id of a message says since when it is so, and is made once.
 */
import { cameraState } from '../alive/camera-state';
import { allAccounts } from '../table/account-item';
import { type Instance, readInstances, writeGone, writeQueue } from '../table/instance-item';
import { createMessage, type News } from '../table/message-item';
import { readNotifications } from '../table/notifications-item';
import type { Table } from '../table/table';

/** Fewer files than that may wait: a burst of a busy camera. */
const FEW_FILES = 50;
/** It is told where their number has grown for so long, in ms. */
const GROWING_FOR = 30 * 60_000;

/** Looks at all cameras of all accounts that want to be told of their health. */
export async function lookAtCameras(table: Table, now: Date): Promise<void> {
  for (const { name, state } of await allAccounts(table)) {
    if (state !== 'active' || !(await readNotifications(table, name))?.health) continue;
    for (const instance of await readInstances(table, name)) {
      await lookForGone(table, name, instance, now);
      await lookAtQueue(table, name, instance, now);
    }
  }
}

async function lookForGone(table: Table, account: string, instance: Instance, now: Date): Promise<void> {
  const { name, goneSince } = instance;
  const { is, since } = cameraState(instance, now.getTime());
  if (is === 'gone') {
    if (goneSince?.getTime() === since.getTime()) return;
    await tell(table, account, instance, { kind: 'gone', instance: name, since: since.getTime() }, now);
    await writeGone(table, account, name, since);
  } else if (goneSince) {
    await tell(table, account, instance, { kind: 'back', instance: name, since: goneSince.getTime() }, now);
    await writeGone(table, account, name, undefined);
  }
}

async function lookAtQueue(table: Table, account: string, instance: Instance, now: Date): Promise<void> {
  const { name, alive, growing } = instance;
  const count = alive?.queue ?? 0;
  // Fewer than when it began: it is being worked off.
  if (count < FEW_FILES || (growing && count < growing.from)) {
    if (growing) await writeQueue(table, account, name, undefined);
  } else if (!growing) {
    await writeQueue(table, account, name, { since: now, from: count });
  } else if (count > growing.from && now.getTime() - growing.since.getTime() >= GROWING_FOR) {
    const since = growing.since.getTime();
    await tell(table, account, instance, { kind: 'queue', instance: name, since, from: growing.from, count }, now);
  }
}

async function tell(
  table: Table,
  account: string,
  { id }: Instance,
  news: Extract<News, { since: number }>,
  now: Date,
): Promise<void> {
  await createMessage(table, { account, id: `${news.kind}-${id}-${news.since}`, news, at: now }, now);
}
