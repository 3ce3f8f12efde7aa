import type { Rule } from '../api-types';
import { instances } from '../state/cameras';
import { hasName, persons } from '../state/people';
import { LABELS } from '../state/place';

const NAMES = { person: 'A person', vehicle: 'A vehicle', animal: 'An animal' };

/** With which a new rule begins: faces that nobody knows, at night. */
export const NEW_RULE: Rule = {
  cameras: [],
  hours: { from: '22:00', to: '07:00' },
  anything: false,
  persons: [],
  unknownFaces: true,
  labels: ['person'],
  coolDownMinutes: 10,
};

interface Properties {
  rule: Rule;
  /** From 1. */
  number: number;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

/** One rule: of which cameras, when, and what has to be on the picture. */
export function RuleForm({ rule, number, onChange, onRemove }: Properties) {
  const change = (part: Partial<Rule>) => onChange({ ...rule, ...part });
  const { hours: span, ...always } = rule;
  const inNamed = <T extends string>(list: readonly T[], one: T, isIn: boolean) =>
    isIn ? [...list, one] : list.filter((other) => other !== one);
  const box = (label: string, checked: boolean, onSet: (checked: boolean) => void) => (
    <label class="choice" key={label}>
      <input type="checkbox" checked={checked} onChange={(event) => onSet(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
  const named = (persons.value ?? []).filter(hasName);
  return (
    <fieldset class="rule">
      <legend>Rule {number}</legend>
      <p class="field-title">Which cameras</p>
      {box('All cameras', rule.cameras.length === 0, (all) =>
        change({ cameras: all ? [] : (instances.value ?? []).map(({ id }) => id) }),
      )}
      {rule.cameras.length > 0 &&
        (instances.value ?? []).map(({ id, name }) =>
          box(name, rule.cameras.includes(id), (isIn) => change({ cameras: inNamed(rule.cameras, id, isIn) })),
        )}
      <p class="field-title">When</p>
      {box('At any hour', span === undefined, (isAlways) =>
        onChange(isAlways ? always : { ...always, hours: { from: '22:00', to: '07:00' } }),
      )}
      {span && (
        <div class="rule-hours">
          {(['from', 'to'] as const).map((end) => (
            <label class="field" key={end}>
              <span>{end === 'from' ? 'From' : 'To'}</span>
              <input
                type="time"
                required
                value={span[end]}
                onInput={({ currentTarget: { value } }) => value && change({ hours: { ...span, [end]: value } })}
              />
            </label>
          ))}
        </div>
      )}
      <p class="field-title">What</p>
      {box('Whatever moves', rule.anything, (anything) => change({ anything }))}
      {!rule.anything && (
        <>
          {box('An unknown face', rule.unknownFaces, (unknownFaces) => change({ unknownFaces }))}
          {LABELS.map((label) =>
            box(NAMES[label], rule.labels.includes(label), (isIn) =>
              change({ labels: inNamed(rule.labels, label, isIn) }),
            ),
          )}
          {named.map(({ id, name }) =>
            box(name ?? '', rule.persons.includes(id), (isIn) => change({ persons: inNamed(rule.persons, id, isIn) })),
          )}
        </>
      )}
      <label class="field">
        <span>After a message about a camera, none for so many minutes</span>
        <input
          type="number"
          inputMode="numeric"
          min={0}
          max={1440}
          required
          value={rule.coolDownMinutes}
          onInput={(event) => change({ coolDownMinutes: Number(event.currentTarget.value) })}
        />
      </label>
      <button type="button" class="button" onClick={onRemove}>
        Remove rule {number}
      </button>
    </fieldset>
  );
}
