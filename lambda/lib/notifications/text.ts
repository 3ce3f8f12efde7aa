/** What a message says, for a person to read, the same on every channel. */
import type { Label } from '../labels/engine';
import type { News } from '../table/message-item';

/** What is told of. */
export interface Told {
  readonly news: Exclude<News, { kind: 'event' }>;
  readonly at: Date;
  /** Of the camera, or of the account. */
  readonly timeZone: string;
}

/** An event that is told of. */
export interface ToldEvent {
  readonly instance: string;
  readonly time: Date;
  readonly timeZone: string;
  /** Names of those who are on it. */
  readonly persons: readonly string[];
  readonly unknownFaces: number;
  readonly labels: readonly Label[];
}

/** The words of a message. */
export interface Text {
  readonly title: string;
  readonly body: string;
}

/** "Front door: Ada and an unknown face", "At 22:15". */
export function textOfEvent({ instance, time, timeZone, persons, unknownFaces, labels }: ToldEvent): Text {
  const who = [
    ...persons,
    ...(unknownFaces === 1 ? ['an unknown face'] : unknownFaces > 1 ? [`${unknownFaces} unknown faces`] : []),
  ];
  // Whoever has a face is a person.
  const what = labels.filter((label) => label !== 'person' || who.length === 0).map(withArticle);
  const list = new Intl.ListFormat('en', { type: 'conjunction' }).format([...who, ...what]);
  return { title: `${instance}: ${list === '' ? 'something moved' : list}`, body: `At ${clock(time, timeZone)}` };
}

/** What anything else says. */
export function textOf({ news, at, timeZone }: Told): Text {
  switch (news.kind) {
    case 'gone':
      return {
        title: `${news.instance} is gone since ${clock(new Date(news.since), timeZone)}`,
        body: 'Nothing is heard of the camera. Look whether it has power and a connection.',
      };
    case 'back':
      return {
        title: `${news.instance} is back`,
        body: `It was gone from ${clock(new Date(news.since), timeZone)} to ${clock(at, timeZone)}.`,
      };
    case 'refused':
      return {
        title: `An upload${news.instance === undefined ? '' : ` of ${news.instance}`} was refused`,
        body: `${news.fileName}: ${news.why}`,
      };
    case 'queue':
      return {
        title: `More and more files wait at ${news.instance}`,
        body: `Since ${clock(new Date(news.since), timeZone)} their number grew from ${news.from} to ${news.count}. Its line may be too slow, or broken.`,
      };
    case 'test':
      return { title: 'Kerberos can reach you here', body: `You asked for this at ${clock(at, timeZone)}.` };
    case 'confirm':
      return {
        title: `Your code is ${news.code}`,
        body: 'Type it into the page of Kerberos to be told of events by mail. Who did not ask for it can ignore this mail.',
      };
  }
}

function withArticle(label: Label): string {
  return label === 'animal' ? 'an animal' : `a ${label}`;
}

function clock(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(time);
}
