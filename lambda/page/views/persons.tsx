import { useEffect, useState } from 'preact/hooks';
import { api, explain } from '../api';
import type { Person } from '../api-types';
import { Confirm } from '../components/confirm';
import { Icon } from '../components/icons';
import { LoadFailure } from '../components/load-failure';
import { NameDialog } from '../components/name-dialog';
import { Portrait } from '../components/portrait';
import { load as loadDay, today } from '../state/day';
import { forgetMonths } from '../state/months';
import { say } from '../state/notices';
import { forgetPerson, hasName, loadPersons, persons } from '../state/people';
import { go } from '../state/place';
import { session } from '../state/session';
import { moment } from '../time';

type Doing = { what: 'nothing' } | { what: 'name' | 'forget'; person: Person };

const NOTHING: Doing = { what: 'nothing' };

/** The persons whose faces were seen. */
export function PersonsView() {
  const [failure, setFailure] = useState('');
  const [doing, setDoing] = useState<Doing>(NOTHING);
  const load = () => {
    setFailure('');
    loadPersons().catch((error: unknown) => setFailure(explain(error)));
  };
  useEffect(load, []);

  const list = persons.value;
  const named = (list ?? []).filter(hasName);
  const unnamed = (list ?? []).filter((person) => !hasName(person));
  const act = (what: 'name' | 'forget') => (person: Person) => setDoing({ what, person });
  const group = (title: string, members: Person[]) =>
    members.length > 0 && (
      <section class="persons-group" aria-label={title}>
        <h2 class="hour-head">
          {title} <span class="hour-count">{members.length}</span>
        </h2>
        <ul class="persons">
          {members.map((person) => (
            <li key={person.id}>
              <PersonCard person={person} onName={act('name')} onForget={act('forget')} />
            </li>
          ))}
        </ul>
      </section>
    );
  return (
    <div class="column">
      <h1>Persons</h1>
      <p class="lead">
        Faces that your cameras saw. Name somebody once, and the name is shown wherever that person is seen.
      </p>
      {failure !== '' && list === undefined ? (
        <LoadFailure what="persons" why={failure} onRetry={load} />
      ) : list === undefined ? (
        <PersonsSkeleton />
      ) : list.length === 0 ? (
        <div class="empty">
          <Icon name="persons" />
          <h2>Nobody yet</h2>
          <p>When a camera sees a face, it appears here and you can say whose it is.</p>
        </div>
      ) : (
        <>
          {group('With a name', named)}
          {group('Without a name', unnamed)}
        </>
      )}
      {doing.what === 'name' && <NameDialog id={doing.person.id} onClose={() => setDoing(NOTHING)} />}
      {doing.what === 'forget' && <Forget person={doing.person} onClose={() => setDoing(NOTHING)} />}
    </div>
  );
}

interface CardProperties {
  person: Person;
  onName: (person: Person) => void;
  onForget: (person: Person) => void;
}

function PersonCard({ person, onName, onForget }: CardProperties) {
  const { value } = session;
  const zone = value.state === 'in' ? value.account.timeZone : undefined;
  const name = hasName(person) ? person.name : 'Unknown';
  return (
    <article class="person">
      <button type="button" class="person-events" onClick={() => void showEvents(person)}>
        <Portrait person={person} />
        <bdi class="person-name">{name}</bdi>
        <span class="person-since">since {moment(person.since, zone).split(' at ')[0]}</span>
        <span class="unseen">, show the events</span>
      </button>
      <div class="person-actions">
        <button type="button" class="button" onClick={() => onName(person)}>
          <Icon name="edit" />
          {hasName(person) ? 'Rename' : 'Name'}
          <span class="unseen"> {name}</span>
        </button>
        <button type="button" class="icon-button" onClick={() => onForget(person)} aria-label={`Forget ${name}`}>
          <Icon name="forget" />
        </button>
      </div>
    </article>
  );
}

function Forget({ person, onClose }: { person: Person; onClose: () => void }) {
  const name = hasName(person) ? person.name : 'this person';
  const forget = async () => {
    await forgetPerson(person.id);
    forgetMonths();
    void loadDay();
    say('Forgotten.');
    onClose();
  };
  return (
    <Confirm title="Forget this person?" action="Forget" onConfirm={forget} onClose={onClose}>
      <p>
        What the cameras know of the face of <bdi class="strong">{name}</bdi> is deleted: the descriptors, the portrait
        and the name. Nobody can be recognised by them again.
      </p>
      <p>The events and their pictures stay. If this face is seen again, it is somebody new.</p>
    </Confirm>
  );
}

function PersonsSkeleton() {
  return (
    <div class="persons" aria-busy="true">
      <p class="unseen" role="status">
        Loading persons
      </p>
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} class="person">
          <span class="portrait bone" />
        </div>
      ))}
    </div>
  );
}

/** Goes to the latest day on which a person was seen. */
async function showEvents(person: Person): Promise<void> {
  try {
    const { events } = await api.events({ person: person.id, limit: 1 });
    const latest = events[0]?.localTime.slice(0, 10);
    if (latest === undefined) say('There are no events of this person any more.');
    else go({ view: 'events', person: person.id, day: latest === today.value ? undefined : latest });
  } catch (error) {
    say(explain(error), { isFailure: true });
  }
}
