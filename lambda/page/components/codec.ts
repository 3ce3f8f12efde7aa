import type { Event } from '../api-types';

/** Common names of video codecs, by the first four letters of their names in the tables. */
const NAMES: Readonly<Record<string, string>> = {
  avc1: 'H.264',
  avc3: 'H.264',
  hvc1: 'H.265 (HEVC)',
  hev1: 'H.265 (HEVC)',
  mp4v: 'MPEG-4',
  jpeg: 'Motion JPEG',
  mjpa: 'Motion JPEG',
  vp09: 'VP9',
  av01: 'AV1',
};

/** The common name of a video's codec; undefined where it is unknown. */
export function codecName({ codec }: Pick<Event, 'codec'>): string | undefined {
  return codec === undefined ? undefined : (NAMES[codec.slice(0, 4)] ?? codec);
}

/**
 * Whether this browser says that it cannot play a video. Only H.264's name says its profile; of the other codecs the
 * browser is asked for a usual one, and `mp4v` may also be a sound or Motion JPEG, which none plays.
 */
export function isUnplayable({ kind, codec }: Pick<Event, 'kind' | 'codec'>): boolean {
  if (kind !== 'video/mp4' || codec === undefined) return false;
  const asked = codec.length > 4 ? codec : (USUAL[codec] ?? codec);
  return document.createElement('video').canPlayType(`video/mp4; codecs="${asked}"`) === '';
}

const USUAL: Readonly<Record<string, string>> = {
  hvc1: 'hvc1.1.6.L93.B0',
  hev1: 'hev1.1.6.L93.B0',
  mp4v: 'mp4v.20.9',
  vp09: 'vp09.00.10.08',
  av01: 'av01.0.04M.08',
};
