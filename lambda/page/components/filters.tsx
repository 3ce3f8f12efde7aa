import { useState } from 'preact/hooks';
import { instances } from '../state/cameras';
import { namedPersons, personOf } from '../state/people';
import { go, place } from '../state/place';
import { isSelecting, stopSelecting } from '../state/selection';
import { HeatDialog } from './heat-dialog';
import { Icon } from './icons';
import { LabelFilter } from './label-filter';

/** Only of one camera, only where one person is on, only what is kept; and each picture by itself. */
export function Filters() {
  const { instance, person, label, area, unusual, each, kept } = place.value;
  const [isDrawing, setDrawing] = useState(false);
  const others = namedPersons.value;
  const isUnnamed = person !== undefined && !others.some(({ id }) => id === person);
  return (
    <div class="filters">
      <label class={`filter ${instance === undefined ? '' : 'is-set'}`}>
        <span>Camera</span>
        <select
          value={instance ?? ''}
          onChange={(event) =>
            go({ instance: event.currentTarget.value || undefined, area: undefined, until: undefined })
          }
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
      <div class="filter-more">
        {!kept && (
          <button
            type="button"
            class="button"
            aria-pressed={unusual === true}
            onClick={() => go({ unusual: unusual ? undefined : true, until: undefined })}
          >
            <Icon name="unusual" />
            Unusual
          </button>
        )}
        {!kept && (
          <button
            type="button"
            class="button"
            aria-haspopup="dialog"
            aria-pressed={area !== undefined}
            onClick={() => setDrawing(true)}
          >
            <Icon name="boxes" />
            Where
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-pressed={each === true}
          onClick={() => go({ each: each ? undefined : true })}
        >
          <Icon name="each" />
          Every picture
        </button>
        <button
          type="button"
          class="button"
          aria-pressed={kept === true}
          onClick={() => go({ kept: kept ? undefined : true, until: undefined })}
        >
          <Icon name="star" />
          Kept
        </button>
        <button
          type="button"
          class="button"
          aria-pressed={isSelecting.value}
          onClick={() => {
            if (isSelecting.value) stopSelecting();
            else isSelecting.value = true;
          }}
        >
          <Icon name="select" />
          Select
        </button>
      </div>
      {isDrawing && <HeatDialog onClose={() => setDrawing(false)} />}
      {(instance !== undefined || person !== undefined || label !== undefined) && (
        <button
          type="button"
          class="button is-plain"
          onClick={() =>
            go({ instance: undefined, person: undefined, label: undefined, area: undefined, until: undefined })
          }
        >
          Show all
        </button>
      )}
    </div>
  );
}
