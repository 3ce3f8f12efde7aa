import type { PublishedEvent } from './event-item';
import { instanceKey, timeKey } from './keys';
import { setting, type Table } from './table';

/**
 * Remembers an instance's last event, by the clock of S3: a camera's own clock may be wrong. Of two events the later one
 * stays, in whatever order they come.
 */
export async function writeLastEvent(table: Table, event: PublishedEvent): Promise<void> {
  const { account, instance, received, id, time } = event;
  await table.update(instanceKey(account, instance), {
    ...setting({
      instance,
      lastSeen: received.getTime(),
      lastEvent: id,
      lastEventTime: time.getTime(),
      lastKey: timeKey(received, id),
    }),
    ConditionExpression: 'attribute_not_exists(pk) OR #lastKey < :lastKey',
  });
}
