/**
 * Whether a camera lives, by two signs: the sign of life that `grunt sync` uploads every ten minutes, and its uploads.
 * Both are dated by S3's clock, so a wrong clock of the camera does not matter.
 */
import type { Instance } from '../table/instance-item';

/**
 * Ms without any sign after which a camera that gives signs of life is gone: they come every ten minutes, and may be
 * late.
 */
export const GONE_AFTER = 15 * 60_000;

/** Ms without an upload after which a living camera is `quiet`. */
const QUIET_AFTER = 3_600_000;

/** Hours without an upload after which a camera may be broken, if its owner has not chosen another number. */
export const SILENT_AFTER_HOURS = 24;

/**
 * - `alive`: it gives signs of life and uploads.
 * - `quiet`: it gives signs of life but uploads nothing: nothing moves.
 * - `gone`: it no longer gives signs of life.
 * - `sending`, `silent`: it gives no signs of life (an older version, or they are switched off); only uploads tell.
 */
export type CameraStateName = 'alive' | 'quiet' | 'gone' | 'sending' | 'silent';

/** The state of a camera. */
export interface CameraState {
  readonly is: CameraStateName;
  /** For `gone`: when the last sign came. For all others: when the last upload came. */
  readonly since: Date;
}

/** The state of a camera at `now` (ms since 1970). */
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

/** Whether the owner has switched off the signs of life: uploads went on for longer than a sign may be late. */
function isSwitchedOff(sign: number, lastSeen: Date): boolean {
  return lastSeen.getTime() - sign > GONE_AFTER;
}

/** Whether no upload came for the number of hours that its owner has chosen. */
export function isSilent(
  { lastSeen, silentAfterHours = SILENT_AFTER_HOURS }: Pick<Instance, 'lastSeen' | 'silentAfterHours'>,
  now: number,
): boolean {
  return now - lastSeen.getTime() > silentAfterHours * 3_600_000;
}
