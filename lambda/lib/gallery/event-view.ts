import type { Box } from '../faces/engine';
import type { Label } from '../labels/engine';
import type { PublishedEvent } from '../table/event-item';
import type { Person } from '../table/person-item';
import type { Table } from '../table/table';
import { localTime } from './local-time';
import { livingPersons } from './persons';
import type { Places } from './places';

/** `Event` of openapi.yaml. Nothing in it leads to the bucket. */
export interface EventView {
  id: string;
  time: string;
  localTime: string;
  timeZone: string;
  instance: { id: string; name: string };
  kind: string;
  width: number;
  height: number;
  duration?: number;
  size: number;
  fileName: string;
  region?: Box;
  changes?: number;
  reference?: true;
  faces: { box: Box; person?: string; sure: boolean; frame?: number }[];
  codec?: string;
  film?: { frames: number; poster: number };
  labels?: readonly Label[];
  received: string;
  incomplete?: true;
  faults?: readonly string[];
  facesAside?: number;
  otherUpload?: string;
  kept?: true;
  note?: string;
}

/**
 * Events as the API returns them. The persons on them are read (livingPersons), unless the caller passes them as
 * `known`.
 */
export async function eventViews(
  table: Table,
  account: string,
  places: Places,
  events: readonly PublishedEvent[],
  known?: ReadonlyMap<string, Pick<Person, 'id'>>,
): Promise<EventView[]> {
  const named = events.flatMap(({ faces }) => faces.map(({ person }) => person));
  const living = known ?? (named.length > 0 ? await livingPersons(table, account, named) : new Map());
  return events.map((event) => {
    const { id, time, instance, kind, width, height, duration, size, fileName, received } = event;
    const { region, changes, reference, kept, note } = event;
    const timeZone = places.timeZoneOf(instance);
    return {
      id,
      time: time.toISOString(),
      localTime: localTime(timeZone, time),
      timeZone,
      instance: { id: places.idOf(instance), name: instance },
      ...{ kind, width, height, size, fileName },
      ...(duration === undefined ? {} : { duration }),
      ...(region === undefined ? {} : { region }),
      ...(changes === undefined ? {} : { changes }),
      ...(reference === undefined ? {} : { reference }),
      faces: event.faces.map(({ box, person, sure, frame }) => {
        const who = living.get(person)?.id;
        return { box, sure, ...(frame === undefined ? {} : { frame }), ...(who === undefined ? {} : { person: who }) };
      }),
      ...(event.codec === undefined ? {} : { codec: event.codec }),
      ...(event.film ? { film: { frames: event.film.moments.length, poster: event.film.poster } } : {}),
      ...(event.labels ? { labels: event.labels } : {}),
      received: received.toISOString(),
      ...(event.incomplete ? { incomplete: true } : {}),
      ...(event.faults === undefined ? {} : { faults: event.faults }),
      ...(event.facesAside === undefined ? {} : { facesAside: event.facesAside }),
      ...(event.otherUpload === undefined ? {} : { otherUpload: event.otherUpload.toISOString() }),
      ...(kept ? { kept } : {}),
      ...(note === undefined ? {} : { note }),
    };
  });
}
