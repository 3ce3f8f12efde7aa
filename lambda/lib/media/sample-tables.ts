/**
 * The tracks of an MP4, and which of their samples are completely in the file, and how long these last. Read straight
 * from the tables (ISO 14496-12), whose counts were checked before (table-counts.ts); no object is made for a sample,
 * so a table of a million takes no more memory than its bytes.
 */
import { boxAt, childrenOf } from './boxes';
import { Corrupt, TooComplex } from './refused';
import { entryBytesOfRun, headerBytesOfRun, MOST_SAMPLES } from './table-counts';

/** A track, as `moov` describes it. */
export interface Track {
  id: number;
  isVideo: boolean;
  /** Codec: for `avc1` with profile and level, as RFC 6381 writes it; otherwise four letters. */
  codec: string;
  /** In pixels; 0 if it is no video. */
  width: number;
  height: number;
  /** Units of time in a second. */
  timescale: number;
  /** The track's own box. */
  content: Buffer;
}

/** The part of a track that is in the file. */
export interface Extent {
  /** Bytes of all samples, if they have one size; 0 if each has its own. */
  claimed: number;
  /** Number of samples in chunks. */
  samples: number;
  /** Number of samples that are completely in the file. */
  whole: number;
  /** Duration of the complete samples, in units of the track's timescale. */
  duration: number;
}

/** Limits the samples that are read of one file. */
export class SampleBudget {
  #left = MOST_SAMPLES;

  /**
   * Takes `samples` samples from what may still be read.
   *
   * @throws TooComplex if more than `MOST_SAMPLES` were taken in all
   */
  take(samples: number): void {
    this.#left -= samples;
    if (this.#left < 0) throw new TooComplex(`The video has more than ${MOST_SAMPLES} samples.`);
  }
}

/** The tracks of the content of a `moov`. */
export function tracksOf(moov: Buffer): Track[] {
  return [...childrenOf(moov)].flatMap(({ type, content }) => (type === 'trak' ? [trackOf(content)] : []));
}

function trackOf(content: Buffer): Track {
  const header = boxAt(content, 'tkhd') ?? EMPTY;
  const mediaHeader = boxAt(content, 'mdia', 'mdhd') ?? EMPTY;
  const handler = boxAt(content, 'mdia', 'hdlr') ?? EMPTY;
  const description = boxAt(content, 'mdia', 'minf', 'stbl', 'stsd') ?? EMPTY;
  const [entry] = childrenOf(description.subarray(8));
  const isVideo = handler.toString('latin1', 8, 12) === 'vide';
  return {
    id: u32(header, header[0] === 1 ? 20 : 12),
    isVideo,
    codec: entry ? codecOf(entry.type, entry.content) : '',
    // After the entry's header: 24 bytes, then width and height (12.1.3.2).
    width: isVideo && entry ? u16(entry.content, 24) : 0,
    height: isVideo && entry ? u16(entry.content, 26) : 0,
    timescale: u32(mediaHeader, mediaHeader[0] === 1 ? 20 : 12),
    content,
  };
}

/** After the 78 bytes of a visual entry come its boxes; `avcC` has profile, compatibility and level (ISO 14496-15). */
function codecOf(type: string, entry: Buffer): string {
  const letters = type.replace(/[^\w-]/g, '');
  const avc = type === 'avc1' || type === 'avc3' ? boxAt(entry.subarray(78), 'avcC') : undefined;
  return avc && avc.length >= 4 ? `${letters}.${avc.toString('hex', 1, 4)}` : letters;
}

const EMPTY = Buffer.alloc(0);

/** The 16-bit number at an offset; 0 after the end. */
function u32(bytes: Buffer, at: number): number {
  return at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
}

function u16(bytes: Buffer, at: number): number {
  return at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0;
}

/**
 * The part of a track that is in a file of `fileLength` bytes, by the track's own tables.
 *
 * @throws TooComplex if the file has too many samples
 */
export function extentOf({ content }: Track, fileLength: number, budget: SampleBudget): Extent {
  const tables = boxAt(content, 'mdia', 'minf', 'stbl') ?? EMPTY;
  const sizes = sampleSizes(tables);
  budget.take(sizes.count);
  const narrow = boxAt(tables, 'stco');
  const wide = boxAt(tables, 'co64');
  const chunks = u32(narrow ?? wide ?? EMPTY, 4);
  const perChunk = boxAt(tables, 'stsc') ?? EMPTY;
  const runs = u32(perChunk, 4);
  let run = 0;
  let samples = 0;
  let whole = 0;
  for (let chunk = 1; chunk <= chunks && samples < sizes.count; chunk++) {
    while (run + 1 < runs && u32(perChunk, 8 + (run + 1) * 12) <= chunk) run += 1;
    let offset = narrow ? u32(narrow, 4 + chunk * 4) : u64(wide ?? EMPTY, chunk * 8);
    const last = Math.min(sizes.count, samples + u32(perChunk, 8 + run * 12 + 4));
    for (; samples < last; samples++) {
      offset += sizes.of(samples);
      if (offset <= fileLength) whole += 1;
    }
  }
  return {
    claimed: sizes.count * sizes.same,
    samples,
    whole,
    duration: durationOf(boxAt(tables, 'stts') ?? EMPTY, whole),
  };
}

function u64(bytes: Buffer, at: number): number {
  return at + 8 <= bytes.length ? Number(bytes.readBigUInt64BE(at)) : 0;
}

function sampleSizes(tables: Buffer): { count: number; same: number; of: (sample: number) => number } {
  const plain = boxAt(tables, 'stsz');
  if (plain) {
    const same = u32(plain, 4);
    return { count: u32(plain, 8), same, of: (sample) => (same === 0 ? u32(plain, 12 + sample * 4) : same) };
  }
  const compact = boxAt(tables, 'stz2') ?? EMPTY;
  const bits = compact[7] ?? 8;
  const of = (sample: number): number => {
    if (bits === 16) return u16(compact, 12 + sample * 2);
    if (bits === 8) return compact[12 + sample] ?? 0;
    const pair = compact[12 + Math.floor(sample / 2)] ?? 0;
    return sample % 2 === 0 ? pair >> 4 : pair & 15;
  };
  return { count: u32(compact, 8), same: 0, of };
}

/** How long the first `samples` samples last, by runs of samples of one duration. */
function durationOf(times: Buffer, samples: number): number {
  let left = samples;
  let duration = 0;
  for (let entry = 0; entry < u32(times, 4) && left > 0; entry++) {
    const count = Math.min(left, u32(times, 8 + entry * 8));
    duration += count * u32(times, 12 + entry * 8);
    left -= count;
  }
  return duration;
}

/** Values of `trex` and `tfhd` for samples whose `trun` does not have them. */
interface Defaults {
  duration: number;
  size: number;
}

/** The defaults of each track's fragments, by the track's id. */
export function fragmentDefaults(moov: Buffer): Map<number, Defaults> {
  const defaults = new Map<number, Defaults>();
  for (const { type, content } of childrenOf(boxAt(moov, 'mvex') ?? EMPTY)) {
    if (type === 'trex') defaults.set(u32(content, 4), { duration: u32(content, 12), size: u32(content, 16) });
  }
  return defaults;
}

/** A fragment: where its samples end in the file, and how long those of each track last. */
export interface Fragment {
  /** Offset of the byte after its last sample. */
  end: number;
  /** By the track's id, in units of its timescale. */
  durations: Map<number, number>;
}

/**
 * Reads a `moof` that begins at the offset `start` of the file.
 *
 * @throws Corrupt or TooComplex
 */
export function fragmentOf(
  moof: Buffer,
  start: number,
  defaults: ReadonlyMap<number, Defaults>,
  budget: SampleBudget,
): Fragment {
  const fragment: Fragment = { end: start, durations: new Map() };
  for (const { type, content } of childrenOf(moof)) {
    if (type === 'traf') readTrackFragment(content, start, defaults, budget, fragment);
  }
  return fragment;
}

function readTrackFragment(
  traf: Buffer,
  start: number,
  defaults: ReadonlyMap<number, Defaults>,
  budget: SampleBudget,
  fragment: Fragment,
): void {
  const header = boxAt(traf, 'tfhd') ?? EMPTY;
  const flags = u32(header, 0) & 0xffffff;
  const id = u32(header, 4);
  let at = 8;
  const base = flags & 1 ? u64(header, at) : start;
  at += (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0);
  const of: Defaults = { ...(defaults.get(id) ?? { duration: 0, size: 0 }) };
  if (flags & 8) of.duration = u32(header, at);
  at += flags & 8 ? 4 : 0;
  if (flags & 16) of.size = u32(header, at);
  let offset = base;
  for (const { type, content } of childrenOf(traf)) {
    if (type !== 'trun') continue;
    const run = u32(content, 0) & 0xffffff;
    const count = u32(content, 4);
    budget.take(count);
    if (run & 1 && content.length >= 12) offset = base + content.readInt32BE(8);
    const entry = entryBytesOfRun(run);
    if (count > 0 && of.size === 0 && !(run & 0x200)) {
      throw new Corrupt('The video has a fragment whose samples have no size.');
    }
    let duration = 0;
    for (let i = 0; i < count; i++) {
      const sample = 8 + headerBytesOfRun(run) + i * entry;
      duration += run & 0x100 ? u32(content, sample) : of.duration;
      offset += run & 0x200 ? u32(content, sample + (run & 0x100 ? 4 : 0)) : of.size;
    }
    fragment.durations.set(id, (fragment.durations.get(id) ?? 0) + duration);
    fragment.end = Math.max(fragment.end, offset);
  }
}
