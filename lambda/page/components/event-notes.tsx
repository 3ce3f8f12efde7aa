import type { Event } from '../api-types';

/** What its owner should know of an event's file before opening it. */
export function EventNotes({ event }: { event: Event }) {
  return (
    <>
      {event.incomplete && <span class="chip is-quiet">Cut off</span>}
      {event.otherUpload !== undefined && <span class="chip is-quiet">Another upload</span>}
    </>
  );
}
