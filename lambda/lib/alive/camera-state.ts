/**
 * Whether a camera lives, by its two signs: the sign of life that `grunt sync` puts into the bucket every ten minutes, and
 * its uploads. Both are dated by the clock of S3, so a camera's own clock does not matter.
 */
import type { Instance } from '../table/instance-item';

/** How long nothing may be heard of a camera that gives signs of life, in ms: one every ten minutes, and one may be late. */
export const GONE_AFTER = 15 * 60_000;

/** A camera that lives and uploaded nothing for so long (ms) is said to see nothing. */
const QUIET_AFTER = 3_600_000;

/** A camera of which nothing came for a day may well be broken, where its owner has not chosen otherwise. */
export const SILENT_AFTER_HOURS = 24;

/**
 * - `alive`: it gives signs of life, and uploads.
 * - `quiet`: it gives signs of life, and uploads nothing: nothing moves there.
 * - `gone`: it gave signs of life, and gives none any more.
 * - `sending`, `silent`: it gives no signs of life (an older version, or they are switched off); only uploads tell.
 */
export type CameraStateName = 'alive' | 'quiet' | 'gone' | 'sending' | 'silent';

/** How a camera is. */
export interface CameraState {
  readonly is: CameraStateName;
  /** The last that was heard of one that is gone; the last upload of any other. */
  readonly since: Date;
}

/** How a camera is at `now` (milliseconds since 1970). */
export function cameraState(
  { alive, lastSeen, silentAfterHours }: Pick<Instance, 'alive' | 'lastSeen' | 'silentAfterHours'>,
  now: number,
): CameraState {
  const sign = alive?.at.getTime();
  if (sign === undefined || isSwitchedOff(sign, lastSeen)) {
    return { is: isSilent({ lastSeen, silentAfterHours }, now) ? 'silent' : 'sending', since: lastSeen };
  }
  const heard = Math.max(sign, lastSeen.getTime());
  if (now - heard > GONE_AFTER) return { is: 'gone', since: new Date(heard) };
  return { is: now - lastSeen.getTime() > QUIET_AFTER ? 'quiet' : 'alive', since: lastSeen };
}

/** Uploads went on for longer than a sign may be late: its owner has switched the signs off. */
function isSwitchedOff(sign: number, lastSeen: Date): boolean {
  return lastSeen.getTime() - sign > GONE_AFTER;
}

/** Whether nothing was uploaded for as long as its owner says. */
export function isSilent(
  { lastSeen, silentAfterHours = SILENT_AFTER_HOURS }: Pick<Instance, 'lastSeen' | 'silentAfterHours'>,
  now: number,
): boolean {
  return now - lastSeen.getTime() > silentAfterHours * 3_600_000;
}
