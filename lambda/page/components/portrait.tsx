import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type Shown } from '../api';
import type { Event, Id, Person } from '../api-types';
import { hasName } from '../state/people';
import { portrait as cut } from './geometry';
import { Picture } from './picture';

/** Wider than this, in pixels, a thumbnail is not: a small face is cut from the picture itself. */
const THUMBNAIL_WIDTH = 320;
const SHARP_ENOUGH = 56;

/** Events that portraits are cut from, which do not change. */
const known = new Map<Id, Promise<Event>>();

/** A person's face, cut from the event that shows it; an initial, where there is none. */
export function Portrait({ person }: { person: Person }) {
  const { portrait } = person;
  const [event, setEvent] = useState<Event | undefined>(undefined);
  const ref = useRef<HTMLSpanElement>(null);
  const id = portrait?.event;
  useEffect(() => {
    setEvent(undefined);
    const element = ref.current;
    if (!element || id === undefined) return;
    let isWanted = true;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      eventOf(id).then(
        (found) => isWanted && setEvent(found),
        () => {},
      );
    });
    observer.observe(element);
    return () => {
      isWanted = false;
      observer.disconnect();
    };
  }, [id]);
  return (
    <span ref={ref} class="portrait">
      {portrait && event && (event.kind !== 'video/mp4' || portrait.frame !== undefined) ? (
        <Picture id={event.id} what={whatOf(portrait, event)} style={{ ...cut(portrait.box, event) }} />
      ) : (
        <span class="portrait-initial" aria-hidden="true">
          {hasName(person) ? [...person.name][0] : '?'}
        </span>
      )}
    </span>
  );
}

/** A face of a video is on one of its frames. */
function whatOf({ box, frame }: NonNullable<Person['portrait']>, event: Event): Shown {
  if (frame !== undefined) return `frames/${frame}`;
  return isSharp(box, event) ? 'thumbnail' : 'image';
}

function isSharp([x1, , x2]: [number, number, number, number], { width }: Event): boolean {
  return ((x2 - x1) * Math.min(THUMBNAIL_WIDTH, width)) / width >= SHARP_ENOUGH;
}

function eventOf(id: Id): Promise<Event> {
  const asked = known.get(id) ?? api.event(id);
  known.set(id, asked);
  asked.catch(() => known.delete(id));
  return asked;
}
