import type { Event } from '../api-types';

/** Notes on an event's file for its owner. */
export function EventNotes({ event }: { event: Event }) {
  return (
    <>
      {event.incomplete && <span class="chip is-quiet">Cut off</span>}
      {!event.incomplete && event.faults && <span class="chip is-quiet">File fault</span>}
      {event.facesAside && <span class="chip is-quiet">{event.facesAside} faces not kept</span>}
      {event.otherUpload !== undefined && <span class="chip is-quiet">Another upload</span>}
    </>
  );
}
