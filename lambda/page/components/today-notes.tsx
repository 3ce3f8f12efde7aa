import { instances } from '../state/cameras';
import { minute } from '../state/connection';
import { day, today } from '../state/day';
import { howWrong, shortMoment, todayIn } from '../time';
import { Icon } from './icons';
import { Link } from './link';

/** On Today: cameras that are gone, and what came today with another day's time. */
export function TodayNotes() {
  if (day.value !== today.value) return null;
  const list = instances.value ?? [];
  const gone = list.filter(({ state }) => state.is === 'gone');
  const wrong = list.flatMap(({ wrongClock, ...instance }) => {
    if (!wrongClock || todayIn(instance.timeZone, new Date(wrongClock.received)) !== today.value) return [];
    const day = todayIn(instance.timeZone, new Date(wrongClock.event.time));
    return day === today.value ? [] : [{ ...instance, ...wrongClock, day }];
  });
  if (gone.length + wrong.length === 0) return null;
  return (
    <ul class="today-notes">
      {gone.map(({ id, name, state, timeZone }) => (
        <li key={id}>
          <Icon name="warning" />
          <span>
            <b>
              <bdi>{name}</bdi> is gone since {shortMoment(state.since, timeZone, minute.value)}.
            </b>{' '}
            <Link to={{ view: 'cameras', day: undefined }} class="note-link">
              Look at the cameras
            </Link>
          </span>
        </li>
      ))}
      {wrong.map(({ id, name, offset, received, timeZone, day: wrongDay }) => (
        <li key={`${id} clock`}>
          <Icon name="warning" />
          <span>
            <b>
              The clock of <bdi>{name}</bdi> is {howWrong(offset)}.
            </b>{' '}
            What came from it at {shortMoment(received, timeZone, minute.value)} stands at another day.{' '}
            <Link to={{ day: wrongDay, instance: id, until: undefined }} class="note-link">
              Look there<span class="unseen"> for {name}</span>
            </Link>
          </span>
        </li>
      ))}
    </ul>
  );
}
