import { useState } from 'preact/hooks';
import { ApiError, explain } from '../api';
import type { Id, Person } from '../api-types';
import { forgetMonths } from '../state/months';
import { say } from '../state/notices';
import { hasName, mergePerson, namedPersons, namePerson, personOf } from '../state/people';
import { Dialog } from './dialog';
import { Portrait } from './portrait';

/** Who a person is: a name of one's own, or somebody who is known already, with whom the person is then merged. */
export function NameDialog({ id, onClose }: { id: Id; onClose: () => void }) {
  const person = personOf(id);
  const [name, setName] = useState(person?.name ?? '');
  const [other, setOther] = useState<Person | undefined>(undefined);
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);

  const attempt = async (what: () => Promise<void>) => {
    setBusy(true);
    setFailure('');
    try {
      await what();
    } catch (error) {
      if (error instanceof ApiError && error.status === 409 && error.person !== undefined) {
        setOther(personOf(error.person) ?? { id: error.person, name: name.trim(), since: '' });
      } else setFailure(explain(error));
    }
    setBusy(false);
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(async () => {
      await namePerson(id, name.trim());
      say(name.trim() === '' ? 'The name is taken away.' : `Named ${name.trim()}.`);
      onClose();
    });
  };
  const merge = (into: Person) =>
    attempt(async () => {
      await mergePerson(id, into.id);
      say(`Both are ${into.name ?? 'one person'} now.`);
      forgetMonths();
      onClose();
    });

  if (other) {
    return (
      <Dialog title="The same person?" onClose={onClose}>
        <div class="same">
          {person && <Portrait person={person} />}
          <Portrait person={other} />
        </div>
        <p class="dialog-text">
          You know somebody called <bdi class="strong">{other.name}</bdi> already. If both are the same person, all
          their events come together. This cannot be undone.
        </p>
        <p class="failure" role="alert">
          {failure}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" data-focus onClick={() => setOther(undefined)}>
            Another name
          </button>
          <button type="button" class="button is-main" disabled={isBusy} onClick={() => void merge(other)}>
            Merge
          </button>
        </div>
      </Dialog>
    );
  }
  // As long as nothing else was typed, everybody is suggested.
  const typed = name === person?.name ? '' : name.trim().toLocaleLowerCase();
  const suggestions = namedPersons.value.filter(
    (known) => known.id !== id && (typed === '' || known.name.toLocaleLowerCase().includes(typed)),
  );
  return (
    <Dialog title="Who is this?" onClose={onClose}>
      <form onSubmit={save}>
        <div class="who">
          {person && <Portrait person={person} />}
          <label class="field">
            <span>Name</span>
            <input
              type="text"
              data-focus
              dir="auto"
              autocomplete="off"
              maxLength={100}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
        </div>
        {suggestions.length > 0 && (
          <fieldset class="known">
            <legend>Or somebody you know</legend>
            <div class="known-list">
              {suggestions.slice(0, 12).map((known) => (
                <button key={known.id} type="button" class="person-chip" onClick={() => setOther(known)}>
                  <Portrait person={known} />
                  <bdi>{known.name}</bdi>
                </button>
              ))}
            </div>
          </fieldset>
        )}
        <p class="failure" role="alert">
          {failure}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button is-main" disabled={isBusy || (name.trim() === '' && !isNamed(person))}>
            {name.trim() === '' && isNamed(person) ? 'Take the name away' : 'Save'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function isNamed(person: Person | undefined): boolean {
  return person !== undefined && hasName(person);
}
