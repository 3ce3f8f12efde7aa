import { instances } from '../state/cameras';
import { namedPersons, personOf } from '../state/people';
import { go, place } from '../state/place';
import { LabelFilter } from './label-filter';

/** Only of one camera, only where one person is on. */
export function Filters() {
  const { instance, person, label } = place.value;
  const others = namedPersons.value;
  const isUnnamed = person !== undefined && !others.some(({ id }) => id === person);
  return (
    <div class="filters">
      <label class={`filter ${instance === undefined ? '' : 'is-set'}`}>
        <span>Camera</span>
        <select
          value={instance ?? ''}
          onChange={(event) => go({ instance: event.currentTarget.value || undefined, until: undefined })}
        >
          <option value="">All cameras</option>
          {(instances.value ?? []).map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class={`filter ${person === undefined ? '' : 'is-set'}`}>
        <span>Person</span>
        <select
          value={person ?? ''}
          onChange={(event) => go({ person: event.currentTarget.value || undefined, until: undefined })}
        >
          <option value="">Everybody</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
          {isUnnamed && <option value={person}>{personOf(person)?.name ?? 'Somebody without a name'}</option>}
        </select>
      </label>
      <LabelFilter />
      {(instance !== undefined || person !== undefined || label !== undefined) && (
        <button
          type="button"
          class="button is-plain"
          onClick={() => go({ instance: undefined, person: undefined, label: undefined, until: undefined })}
        >
          Show all
        </button>
      )}
    </div>
  );
}
