/** Whether a rule of the owner's is about an event. */
import type { Label } from '../labels/engine';
import type { Rule } from '../table/notifications-item';

/** An event, as rules see it. */
export interface Seen {
  /** Id of its instance. */
  camera: string;
  /** By the clock on the camera's wall: `22:15`. */
  clock: string;
  /** Ids of those who certainly are on it. */
  persons: readonly string[];
  /** Whether one of its faces has no name. */
  unknownFace: boolean;
  labels: readonly Label[];
}

/** Whether an event is to be told by a rule, the cool-down aside. */
export function matches(rule: Rule, seen: Seen): boolean {
  if (rule.cameras.length > 0 && !rule.cameras.includes(seen.camera)) return false;
  if (rule.hours && !isWithin(rule.hours, seen.clock)) return false;
  if (rule.anything) return true;
  return (
    rule.persons.some((person) => seen.persons.includes(person)) ||
    (rule.unknownFaces && seen.unknownFace) ||
    rule.labels.some((label) => seen.labels.includes(label))
  );
}

/** Both ends are included in minutes; a span that ends before it starts goes over midnight. */
function isWithin({ from, to }: { from: string; to: string }, clock: string): boolean {
  return from <= to ? from <= clock && clock <= to : clock >= from || clock <= to;
}

/** The clock on a wall at an instant: `22:15`. */
export function clockAt(timeZone: string, instant: Date): string {
  const style = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone } as const;
  return new Intl.DateTimeFormat('en-GB', style).format(instant);
}
