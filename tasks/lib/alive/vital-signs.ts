/** How the machine is: what a sign of life tells. What cannot be found out is absent. */
import { readFile, stat, statfs } from 'node:fs/promises';
import { uptime } from 'node:os';

/** The processor's temperature in thousandths of a degree Celsius, as Linux has it on a Pi. */
const THERMAL_ZONE = '/sys/class/thermal/thermal_zone0/temp';

/** The machine's half of a sign of life. */
export interface VitalSigns {
  /** Seconds since a file came into a capture directory, or went. */
  readonly sinceCapture?: number;
  /** Bytes that are free for the camera, on the disk of the first capture directory that is there. */
  readonly freeDisk?: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
  /** How long the machine has been running, in seconds. */
  readonly uptime: number;
}

/**
 * Looks at the machine. A directory's own time tells of its last file, without reading a hundred thousand names.
 * `now` is the clock of this machine in ms; only the difference to the time of the directory counts.
 */
export async function vitalSigns(
  directories: readonly string[],
  now: number,
  thermalZone: string = THERMAL_ZONE,
): Promise<VitalSigns> {
  const changes = await Promise.all(directories.map((path) => known(async () => (await stat(path)).mtimeMs)));
  const lastChange = Math.max(...changes.flatMap((change) => change ?? []));
  const disks = await Promise.all(
    directories.map((path) =>
      known(async () => {
        const { bavail, bsize } = await statfs(path);
        return bavail * bsize;
      }),
    ),
  );
  const freeDisk = disks.find((free) => free !== undefined);
  const temperature = await known(async () => Number(await readFile(thermalZone, 'utf8')) / 1000);
  return {
    ...(Number.isFinite(lastChange) && { sinceCapture: Math.max(0, Math.round((now - lastChange) / 1000)) }),
    ...(freeDisk !== undefined && { freeDisk }),
    ...(temperature !== undefined && Number.isFinite(temperature) && { temperature }),
    uptime: Math.round(uptime()),
  };
}

async function known<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch {
    return undefined;
  }
}
