import type { Event, Face, Usual } from '../api-types';
import { nameOf } from '../state/people';
import { clock, dayInWords, lengthOf, offsetOf } from '../time';
import { bytes, LABEL_NAMES, thousands } from '../words';
import { codecName } from './codec';
import { Icon } from './icons';
import { OtherUploads } from './other-uploads';

interface Properties {
  event: Event;
  /** Why it ranks low, where it does. */
  usual: Usual | undefined;
  onFace: (face: Face) => void;
}

/** The details of an event, beside its picture. */
export function Details({ event, usual, onFace }: Properties) {
  const {
    kept,
    note,
    time,
    localTime,
    timeZone,
    instance,
    changes,
    region,
    fileName,
    size,
    width,
    height,
    duration,
    faces,
    labels = [],
  } = event;
  const codec = codecName(event);
  return (
    <aside class="details" aria-label="Details">
      <h2>
        <time dateTime={time}>{clock(localTime)}</time>
      </h2>
      <p class="hint">
        {dayInWords(localTime.slice(0, 10))}
        <br />
        {timeZone.replaceAll('_', ' ')}
        {timeZone === 'UTC' ? '' : ` (${offsetOf(time, localTime)})`}
      </p>
      {event.otherUpload !== undefined && <OtherUploads key={event.id} event={event} />}
      {kept && (
        <p class="details-note">
          <Icon name="star" />
          <span>
            Kept for ever
            {note !== undefined && (
              <>
                : <bdi>{note}</bdi>
              </>
            )}
          </span>
        </p>
      )}
      {usual && (
        <p class="hint">
          Usual here, so it ranks low: in {usual.spans} different ten minutes of one day something moved at this place,
          no more changed than usually does, and neither a face nor a person, a vehicle or an animal was found.
        </p>
      )}
      {faces.length > 0 && (
        <>
          <h3>Faces</h3>
          <ul class="details-faces">
            {faces.map((face) => (
              <li key={face.box.join()}>
                {face.person === undefined ? (
                  <span class="hint">Forgotten</span>
                ) : (
                  <button type="button" class="button" onClick={() => onFace(face)}>
                    <Icon name="persons" />
                    <bdi>{nameOf(face) ?? 'Who is this?'}</bdi>
                    {!face.sure && nameOf(face) !== undefined && <span class="unseen"> possibly</span>}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      <dl class="facts">
        <dt>Camera</dt>
        <dd>
          <bdi>{instance.name}</bdi>
        </dd>
        {labels.length > 0 && (
          <>
            <dt>Shows</dt>
            <dd>{labels.map((label) => LABEL_NAMES[label]).join(', ')}</dd>
          </>
        )}
        {changes !== undefined && (
          <>
            <dt>Changed</dt>
            <dd>{thousands(changes)} pixels</dd>
          </>
        )}
        {region && (
          <>
            <dt>Region</dt>
            <dd>
              {Math.abs(region[2] - region[0])} × {Math.abs(region[3] - region[1])} at {region[0]}, {region[1]}
            </dd>
          </>
        )}
        {duration !== undefined && (
          <>
            <dt>Length</dt>
            <dd>{lengthOf(duration)}</dd>
          </>
        )}
        {codec !== undefined && (
          <>
            <dt>Codec</dt>
            <dd>{codec}</dd>
          </>
        )}
        <dt>Size</dt>
        <dd>
          {width} × {height}, {bytes(size)}
        </dd>
        <dt>File</dt>
        <dd class="file">
          <bdi>{fileName}</bdi>
        </dd>
      </dl>
    </aside>
  );
}
