import { useEffect, useState } from 'preact/hooks';
import { api, explain, pictureAddress } from '../api';
import type { Heat, Id } from '../api-types';
import { instances } from '../state/cameras';
import { day } from '../state/day';
import { go, place } from '../state/place';
import { count } from '../words';
import { type Area, AreaField } from './area-field';
import { Dialog } from './dialog';

/** Where on a camera's picture things moved in the day; what is drawn there becomes a filter. */
export function HeatDialog({ onClose }: { onClose: () => void }) {
  const cameras = instances.value ?? [];
  const [instance, setInstance] = useState<Id | undefined>(place.value.instance ?? cameras[0]?.id);
  const [heat, setHeat] = useState<Heat | undefined>(undefined);
  const [failure, setFailure] = useState('');
  const [area, setArea] = useState<Area | undefined>(areaOf(place.value.area));
  const shown = day.value;
  useEffect(() => {
    let isWanted = true;
    setHeat(undefined);
    setFailure('');
    if (instance === undefined) return;
    api.heat(shown, instance).then(
      (found) => isWanted && setHeat(found),
      (error: unknown) => isWanted && setFailure(explain(error)),
    );
    return () => {
      isWanted = false;
    };
  }, [instance, shown]);
  const show = (chosen: Area | undefined) => {
    go({ instance, area: chosen?.join(), until: undefined });
    onClose();
  };
  return (
    <Dialog title="Where things moved" class="is-large" onClose={onClose}>
      <label class="field">
        <span>Camera</span>
        <select
          value={instance}
          onChange={({ currentTarget }) => {
            setInstance(currentTarget.value);
            setArea(undefined);
          }}
        >
          {cameras.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {failure !== '' && <p class="failure">{failure}</p>}
      {heat &&
        (heat.picture ? (
          <>
            <AreaField area={area} ratio={heat.picture.width / heat.picture.height} onArea={setArea}>
              <img class="heat-picture" alt="" src={pictureAddress(heat.picture.id, 'image')} draggable={false} />
              <HeatMap heat={heat} />
            </AreaField>
            <p class="hint">
              {count(heat.events, 'event')} on this day. The more moved at a place, the brighter it is; where things
              move all day it is hatched, and what is only there ranks low. Draw a part of the picture to see what moved
              there.
            </p>
          </>
        ) : (
          <p class="hint">This camera saw nothing on this day.</p>
        ))}
      <div class="dialog-actions">
        {place.value.area !== undefined && (
          <button type="button" class="button" onClick={() => show(undefined)}>
            Show the whole picture
          </button>
        )}
        <button type="button" class="button is-main" disabled={!area} onClick={() => show(area)}>
          Show what moved here
        </button>
      </div>
    </Dialog>
  );
}

const SIDE = 16;

function HeatMap({ heat: { cells, usual } }: { heat: Heat }) {
  const most = Math.max(1, ...cells);
  return (
    <svg class="heat" viewBox={`0 0 ${SIDE} ${SIDE}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {cells.map((number, cell) => {
        const [x, y] = [cell % SIDE, Math.floor(cell / SIDE)];
        if (number === 0) return null;
        return (
          <g key={cell}>
            <rect
              x={x}
              y={y}
              width={1}
              height={1}
              fill="#ffb52e"
              fill-opacity={0.12 + 0.58 * Math.sqrt(number / most)}
            />
            {usual[cell] && <path d={`M${x} ${y + 1}l1-1`} stroke="#000" stroke-opacity={0.55} stroke-width={0.08} />}
          </g>
        );
      })}
    </svg>
  );
}

function areaOf(text: string | undefined): Area | undefined {
  const [x1, y1, x2, y2] = (text ?? '').split(',').map(Number);
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) return undefined;
  return [x1, y1, x2, y2];
}
