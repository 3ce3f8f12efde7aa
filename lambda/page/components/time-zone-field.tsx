import { timeZones } from '../time';

interface Properties {
  label: string;
  value: string;
  /** What the first choice says that stands for none; left out, there is none. */
  none?: string;
  onChange: (timeZone: string) => void;
}

const ZONES = timeZones();

/** A time zone, chosen by its name. */
export function TimeZoneField({ label, value, none, onChange }: Properties) {
  const isListed = value === '' || ZONES.includes(value);
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {none !== undefined && <option value="">{none}</option>}
        {!isListed && <option value={value}>{value}</option>}
        {ZONES.map((zone) => (
          <option key={zone} value={zone}>
            {zone.replaceAll('_', ' ')}
          </option>
        ))}
      </select>
    </label>
  );
}
