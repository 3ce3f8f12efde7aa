/** Measures the state of the machine, for the sign of life. A value that cannot be measured is absent. */
import { readFile, stat, statfs } from 'node:fs/promises';
import { uptime } from 'node:os';

/** The processor's temperature in thousandths of °C, as Linux provides it on a Pi. */
const THERMAL_ZONE = '/sys/class/thermal/thermal_zone0/temp';

/** The machine's part of a sign of life. */
export interface VitalSigns {
  /** Seconds since a file last appeared in or vanished from a capture directory. */
  readonly sinceCapture?: number;
  /** Bytes that the camera may still write on the disk of the first existing capture directory. */
  readonly freeDisk?: number;
  /** In °C. */
  readonly temperature?: number;
  /** Seconds since the machine started. */
  readonly uptime: number;
}

/**
 * Measures the machine. The mtime of a directory tells when its files last changed, without reading a hundred thousand
 * names. `now`: this machine's clock, in ms since 1970.
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
