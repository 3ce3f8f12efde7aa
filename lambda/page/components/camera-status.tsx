import type { ComponentChildren } from 'preact';
import type { Instance } from '../api-types';
import { minute } from '../state/connection';
import { ago, moment, shortMoment } from '../time';
import { bytes, count } from '../words';
import { Icon } from './icons';

/** Waiting files that are not worth mentioning: those of the moment. */
const FEW_FILES = 5;

/** Whether a camera lives, in one line. */
export function CameraStatus({ instance }: { instance: Instance }) {
  const { state, timeZone, lastEvent } = instance;
  const isWell = state.is === 'alive' || state.is === 'quiet' || state.is === 'sending';
  return (
    <p class={`state ${isWell ? 'is-well' : 'is-silent'}`}>
      <Icon name={isWell ? 'check' : 'warning'} />
      <span>{words()}</span>
    </p>
  );

  function words(): ComponentChildren {
    const since = (
      <time dateTime={state.since} title={moment(state.since, timeZone)}>
        {shortMoment(state.since, timeZone, minute.value)}
      </time>
    );
    const seen = (
      <time dateTime={state.since} title={moment(state.since, timeZone)}>
        {ago(state.since, minute.value)}
      </time>
    );
    switch (state.is) {
      case 'gone':
        return <b>Gone since {since}</b>;
      case 'alive':
        return lastEvent ? (
          <>
            <b>Alive</b> · last seen {seen}
          </>
        ) : (
          <b>Alive</b>
        );
      case 'quiet':
        return (
          <>
            <b>Alive</b>, {lastEvent ? <>nothing seen since {since}</> : 'nothing seen yet'}
          </>
        );
      default:
        return (
          <>
            <b>{state.is === 'silent' ? 'Silent' : 'Sending'}</b> · last seen {seen}
          </>
        );
    }
  }
}

/** What a camera's last sign of life told of its machine. */
export function CameraVitals({ instance }: { instance: Instance }) {
  const { alive, state } = instance;
  if (!alive) return null;
  const { queue, freeDisk, temperature, version } = alive;
  const facts = [
    ...(queue === undefined || queue < FEW_FILES ? [] : [`${count(queue, 'file waits', 'files wait')} to be sent`]),
    ...(freeDisk === undefined ? [] : [`${bytes(freeDisk)} free on its disk`]),
    ...(temperature === undefined ? [] : [`${Math.round(temperature)} °C`]),
    ...(version === undefined ? [] : [`version ${version}`]),
  ];
  if (facts.length === 0) return null;
  return (
    <p class="hint">
      {state.is === 'gone' || state.is === 'silent' ? 'Its last sign of life: ' : ''}
      {facts.join(' · ')}
    </p>
  );
}
