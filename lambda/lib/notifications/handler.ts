/**
 * What the notify function is invoked with: by its schedules, `{"task": "look"}` and `{"task": "send"}`; by the table's
 * stream, with the messages that were put into the outbox, so that they are sent at once.
 */
import { type Fields, fieldsOf, list, text } from '../table/fields';
import type { Key } from '../table/keys';
import { lookAtCameras } from './look';
import type { Notifier } from './notifier';
import { sendMessages } from './send';

/** What a run says: when the next message is due, ISO 8601; absent where none waits. */
export interface NotifyAnswer {
  next?: string;
}

/** The handler of the notify function. */
export function notifyHandler(notifier: Notifier) {
  return async (event: unknown): Promise<NotifyAnswer> => {
    const { task } = fieldsOf(event);
    if (task === 'look') await lookAtCameras(notifier.table, new Date(notifier.now()));
    const next = await sendMessages(notifier, task === undefined ? keysIn(event) : undefined);
    return next ? { next: next.toISOString() } : {};
  };
}

/** The keys of the items that a record of the stream is about. The index may not have them yet. */
function keysIn(event: unknown): Key[] {
  return list(fieldsOf(event), 'Records').map((record) => {
    const keys = fieldsOf(fieldsOf(fieldsOf(record).dynamodb).Keys);
    return { pk: attribute(keys, 'pk'), sk: attribute(keys, 'sk') };
  });
}

function attribute(keys: Fields, name: string): string {
  return text(fieldsOf(keys[name]), 'S');
}
