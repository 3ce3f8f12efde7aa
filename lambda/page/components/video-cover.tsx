import { useRef, useState } from 'preact/hooks';
import { pictureAddress } from '../api';
import type { Event } from '../api-types';
import { lengthOf } from '../time';
import { Icon } from './icons';
import { Picture } from './picture';

/** Width by height of the frame that all pictures of the grid fill; events.css says the same. */
const RATIO = 3 / 2;

/** Where the strip lies so that one of its frames covers the tile, in percent of the tile. */
function stripPlace({ width, height }: Pick<Event, 'width' | 'height'>, frames: number, shown: number) {
  const wide = Math.max(1, width / height / RATIO);
  const high = Math.max(1, (RATIO * height) / width);
  const percent = (part: number) => `${(part * 100).toFixed(3)}%`;
  return {
    width: percent(frames * wide),
    height: percent(high),
    left: percent(-(shown * wide + (wide - 1) / 2)),
    top: percent(-(high - 1) / 2),
  };
}

/**
 * A video in the grid: its poster, and its frames while a mouse moves over it or a finger is drawn across it. The strip
 * of frames is loaded when somebody wants it. Where no frame could be decoded there is a sign.
 */
export function VideoCover({ event, isFirst }: { event: Event; isFirst: boolean }) {
  const { id, duration, film } = event;
  const [shown, setShown] = useState<number | undefined>(undefined);
  const ref = useRef<HTMLSpanElement>(null);
  const length = (
    <span class="card-length">
      <Icon name="play" />
      <span class="unseen">Video, </span>
      {duration !== undefined && <span>{lengthOf(duration)}</span>}
    </span>
  );
  if (!film) return <span class="card-video">{length}</span>;
  const { frames } = film;
  const follow = ({ clientX }: PointerEvent) => {
    const { left = 0, width = 1 } = ref.current?.getBoundingClientRect() ?? {};
    const at = Math.floor(((clientX - left) / width) * frames);
    setShown(Math.min(frames - 1, Math.max(0, at)));
  };
  const leave = () => setShown(undefined);
  return (
    <span ref={ref} class="card-film" onPointerMove={follow} onPointerLeave={leave} onPointerCancel={leave}>
      <Picture id={id} what="thumbnail" isFirst={isFirst} class="card-poster" />
      {shown !== undefined && (
        <>
          <img
            class="card-strip"
            alt=""
            draggable={false}
            src={pictureAddress(id, 'frames')}
            style={stripPlace(event, frames, shown)}
          />
          <span class="card-scrub" style={{ width: `${((shown + 1) / frames) * 100}%` }} />
        </>
      )}
      {length}
    </span>
  );
}
