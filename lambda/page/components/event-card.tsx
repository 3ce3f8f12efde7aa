import type { Event } from '../api-types';
import { nameOf } from '../state/people';
import { clock } from '../time';
import { EventNotes } from './event-notes';
import { covering } from './geometry';
import { Link } from './link';
import { Marks } from './marks';
import { Picture } from './picture';
import { VideoCover } from './video-cover';

/** Width by height of the frame that all pictures of the grid fill; page.css says the same. */
const RATIO = 3 / 2;

/** One event of the grid. */
export function EventCard({ event, isFirst }: { event: Event; isFirst: boolean }) {
  const { id, localTime, instance, kind } = event;
  const names = [...new Set(event.faces.flatMap((face) => nameOf(face) ?? []))];
  const unnamed = event.faces.filter((face) => face.person !== undefined && nameOf(face) === undefined).length;
  return (
    <Link to={{ event: id }} class="card" data-event={id}>
      <span class="card-picture">
        {kind === 'video/mp4' ? (
          <VideoCover event={event} isFirst={isFirst} />
        ) : (
          <span class="card-whole" style={{ ...covering(event, RATIO) }}>
            <Picture id={id} what="thumbnail" isFirst={isFirst} />
            <Marks event={event} />
          </span>
        )}
      </span>
      <span class="card-text">
        <time class="card-time" dateTime={event.time}>
          {clock(localTime)}
        </time>
        <bdi class="card-instance">{instance.name}</bdi>
        {(names.length > 0 || unnamed > 0 || event.incomplete || event.otherUpload !== undefined) && (
          <span class="card-people">
            {names.map((name) => (
              <span key={name} class="chip">
                <bdi>{name}</bdi>
              </span>
            ))}
            <EventNotes event={event} />
            {unnamed > 0 && <span class="chip is-quiet">{unnamed === 1 ? 'Unknown' : `${unnamed} unknown`}</span>}
          </span>
        )}
      </span>
    </Link>
  );
}
