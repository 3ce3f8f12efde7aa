/** A message as it is sent: its words, where it leads, and its picture. */
import { livingPersons } from '../gallery/persons';
import { signedUrl } from '../gallery/signing';
import type { Account } from '../table/account-item';
import { eventOf, isShown } from '../table/event-item';
import { readInstance, timeZoneOf } from '../table/instance-item';
import { eventKey } from '../table/keys';
import type { Message } from '../table/message-item';
import type { Notifier } from './notifier';
import { textOf, textOfEvent } from './text';

/** What is sent to a channel. */
export interface Notice {
  /** The message's: a receiver that gets it twice can know it by that. */
  readonly id: string;
  readonly kind: Message['news']['kind'];
  readonly title: string;
  readonly body: string;
  readonly at: Date;
  /** The camera's name. */
  readonly camera?: string;
  /** Where on the page it leads: `/?event=…`. */
  readonly path: string;
  readonly event?: NoticeEvent;
}

/** The event of a notice, with its picture. */
export interface NoticeEvent {
  readonly id: string;
  /** Where its small picture is, in the production bucket; absent where there is none. */
  readonly thumbnailKey?: string;
  /** That picture, for 100 seconds, to whoever has the address. */
  readonly pictureUrl?: string;
}

/** A message as it is sent; undefined when it is about an event that its owner has deleted, or that has expired. */
export async function noticeOf(
  notifier: Notifier,
  account: Account,
  { id, news, at }: Message,
): Promise<Notice | undefined> {
  const { table, now } = notifier;
  const name = 'instance' in news ? news.instance : undefined;
  const timeZone = timeZoneOf(name === undefined ? undefined : await readInstance(table, account.name, name), account);
  const camera = name === undefined ? {} : { camera: name };
  if (news.kind !== 'event') {
    return { id, kind: news.kind, at, ...camera, ...textOf({ news, at, timeZone }), path: pathOf(news.kind) };
  }
  const item = await table.get(eventKey(account.name, news.event));
  if (!item || !isShown(item, now())) return undefined;
  const event = eventOf(item);
  const living = await livingPersons(
    table,
    account.name,
    event.faces.map(({ person }) => person),
  );
  const people = [...new Map([...living.values()].map((person) => [person.id, person.name])).values()];
  const text = textOfEvent({
    ...{ instance: event.instance, time: at, timeZone, labels: event.labels ?? [] },
    persons: people.filter((one) => one !== undefined),
    unknownFaces: people.filter((one) => one === undefined).length,
  });
  const { thumbnailKey } = event;
  const picture = thumbnailKey && {
    thumbnailKey,
    pictureUrl: await signedUrl(notifier, thumbnailKey, { kind: 'image/jpeg' }),
  };
  return {
    id,
    kind: 'event',
    at,
    ...camera,
    ...text,
    path: `/?event=${event.id}`,
    event: { id: event.id, ...picture },
  };
}

function pathOf(kind: Message['news']['kind']): string {
  return kind === 'test' || kind === 'confirm' ? '/?view=notifications' : '/?view=cameras';
}
