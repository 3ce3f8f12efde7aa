import type { Box, Event, Face } from '../api-types';
import { nameOf } from '../state/people';
import { onPicture } from './geometry';

/** What changed, and where faces are: outlines that lie on a picture of any size. */
export function Marks({ event }: { event: Event }) {
  return (
    <>
      {event.region && <span class="mark region" style={{ ...onPicture(event.region, event) }} />}
      {event.faces.map((face) => (
        <span key={face.box.join()} class="mark face" style={{ ...onPicture(face.box, event) }} />
      ))}
    </>
  );
}

/** The same with names; a face is a button. */
export function MarksToTouch({ event, onFace }: { event: Event; onFace: (face: Face) => void }) {
  return (
    <>
      {event.region && <span class="mark region" style={{ ...onPicture(event.region, event) }} />}
      {event.faces.map((face) => (
        <FaceMark key={face.box.join()} face={face} event={event} onFace={onFace} />
      ))}
    </>
  );
}

function FaceMark({ face, event, onFace }: { face: Face; event: Event; onFace: (face: Face) => void }) {
  const name = nameOf(face);
  const style = { ...onPicture(face.box, event) };
  const where = nameplate(face.box, event);
  if (face.person === undefined) {
    return (
      <span class="mark face" style={style}>
        <span class={`mark-name ${where}`}>Forgotten</span>
      </span>
    );
  }
  return (
    <button type="button" class="mark face" style={style} onClick={() => onFace(face)}>
      <span class={`mark-name ${where}`}>
        <span class="unseen">Face: </span>
        <bdi>{name ?? 'Who is this?'}</bdi>
      </span>
    </button>
  );
}

/** On which side of a face its name has room: a name outside of the picture would be cut off. */
function nameplate([x1, , x2, y2]: Box, { width, height }: Event): string {
  const middle = (x1 + x2) / 2 / width;
  const side = middle < 0.25 ? 'is-from-left' : middle > 0.75 ? 'is-from-right' : '';
  return `${side} ${y2 / height > 0.88 ? 'is-inside' : ''}`;
}
