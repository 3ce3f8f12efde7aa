import type { Label } from '../api-types';
import { go, LABELS, place } from '../state/place';

const OPTIONS: Readonly<Record<Label, string>> = { person: 'A person', vehicle: 'A vehicle', animal: 'An animal' };

/** Only what shows a person, a vehicle or an animal. */
export function LabelFilter() {
  const { label } = place.value;
  return (
    <label class={`filter ${label === undefined ? '' : 'is-set'}`}>
      <span>Shows</span>
      <select
        value={label ?? ''}
        onChange={(event) => {
          const { value } = event.currentTarget;
          go({ label: LABELS.find((one) => one === value), until: undefined });
        }}
      >
        <option value="">Anything</option>
        {LABELS.map((one) => (
          <option key={one} value={one}>
            {OPTIONS[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
