import type { Burst, Id } from '../api-types';
import { prefersStillness } from '../state/connection';
import { mayPlay } from '../state/film';
import { namesOf } from '../state/people';
import { source } from '../state/reel';
import { extendTo, isSelected, isSelecting, toggle } from '../state/selection';
import { clock } from '../time';
import { count as counted, LABEL_NAMES } from '../words';
import { EventNotes } from './event-notes';
import { covering } from './geometry';
import { Icon } from './icons';
import { Link } from './link';
import { Marks } from './marks';
import { Picture } from './picture';
import { VideoCover } from './video-cover';

/** Width by height of the frame that all pictures of the grid fill; events.css says the same. */
const RATIO = 3 / 2;

interface Properties {
  burst: Burst;
  isFirst: boolean;
  /** Which list it stands in; it can be selected in that of the day. */
  from?: 'day' | 'unusual';
}

/** One burst of the grid: its cover, when it was, how many pictures it has, and who is on it. Pressed, it plays. */
export function BurstCard({ burst, isFirst, from: list = 'day' }: Properties) {
  const { id, cover, count, localFrom, localTo, from } = burst;
  const { names, unnamed } = namesOf(burst.people);
  // Who has a face is a person: that need not be said twice.
  const labels = burst.labels.filter((label) => label !== 'person' || burst.people.length === 0);
  const play = () => {
    source.value = list;
    mayPlay.value = count > 1 && !prefersStillness.value;
  };
  return (
    <Link
      to={{ event: id }}
      class={`card ${count > 1 ? 'is-burst' : ''} ${isSelected(id) ? 'is-selected' : ''}`}
      data-event={id}
      onGo={play}
      onPress={(event) => list === 'day' && select(event, id)}
    >
      <span class="card-picture">
        <Cover burst={burst} isFirst={isFirst} />
        {isSelecting.value && list === 'day' && (
          <span class="card-check">
            {isSelected(id) && <Icon name="check" />}
            <span class="unseen">{isSelected(id) ? 'Selected, ' : 'Not selected, '}</span>
          </span>
        )}
        {burst.kept > 0 && (
          <span class="card-kept">
            <Icon name="star" />
            <span class="unseen">Kept for ever, </span>
          </span>
        )}
        {count > 1 && (
          <span class="card-count">
            <Icon name="burst" />
            <span aria-hidden="true">{count}</span>
            <span class="unseen">{counted(count, 'picture')}, play</span>
          </span>
        )}
      </span>
      <span class="card-text">
        <time class="card-time" dateTime={from}>
          {clock(localFrom)}
          {count > 1 && <span class="card-to">–{clock(localTo)}</span>}
        </time>
        <bdi class="card-instance">{cover.instance.name}</bdi>
        <span class="card-people">
          {names.map((name) => (
            <span key={name} class="chip">
              <bdi>{name}</bdi>
            </span>
          ))}
          {unnamed > 0 && <span class="chip is-quiet">{unnamed === 1 ? 'Unknown' : `${unnamed} unknown`}</span>}
          {labels.map((label) => (
            <span key={label} class="chip is-quiet">
              {LABEL_NAMES[label]}
            </span>
          ))}
          <EventNotes event={cover} />
          {burst.usual && <span class="chip is-quiet">Usual here</span>}
        </span>
      </span>
    </Link>
  );
}

/** Ctrl or Shift select, and while something is selected, every press does. */
function select(event: MouseEvent, id: Id): boolean {
  if (event.shiftKey) extendTo(id);
  else if (event.ctrlKey || event.metaKey || isSelecting.value) toggle(id);
  else return false;
  return true;
}

function Cover({ burst: { cover }, isFirst }: { burst: Burst; isFirst: boolean }) {
  const { id, kind } = cover;
  if (kind === 'video/mp4') return <VideoCover event={cover} isFirst={isFirst} />;
  return (
    <span class="card-whole" style={{ ...covering(cover, RATIO) }}>
      <Picture id={id} what="thumbnail" isFirst={isFirst} />
      <Marks event={cover} />
    </span>
  );
}
