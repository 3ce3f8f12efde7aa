/**
 * Parses the names of event files.
 *
 *     1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg
 *     │          │        │         │               │  └ token: random, keeps names apart
 *     │          │        │         │               └ numberOfChanges: pixels that changed
 *     │          │        │         └ regionCoordinates: x1-y1-x2-y2 of where they changed
 *     │          │        └ instanceName: the camera's name, any text, `_` and spaces too
 *     │          └ microseconds: how many digits follow, '-', the digits
 *     └ timestamp: Unix seconds
 *
 * The programs that write such names (each was run or read: kerberos-io/machinery 1.0 to 2.8, kerberos-io/agent 3):
 *
 * - The machinery replaces the words of `fileFormat` in io.xml, `<Disk>` for pictures and `<Video>` for videos. They
 *   may differ, and a directory keeps files of earlier layouts. Since 2.1 there are also `incoming` and `outgoing`
 *   (people who were counted) and `name` (the instance's).
 * - At each start it writes a reference picture, before anything was detected: words whose values only a detection has
 *   stay as they are, `…_regionCoordinates_numberOfChanges_…`.
 * - The agent, its successor, writes videos only: milliseconds instead of microseconds, the region as x-y-width-height,
 *   -1 changes for a continuous recording, and the duration in milliseconds in the place of the token.
 *
 * A name is parsed by the layout that yields most fields. A field that does not fit its layout is left out, and the
 * other fields are kept; where no layout fits, fields are recognised by their form.
 */

/** The fields of an event's name. A field that the name does not have is absent. */
export interface EventName {
  /** Unix time in whole seconds, by the camera's clock. */
  timestamp?: number;
  /** Microseconds after `timestamp`, 0 to 999999. */
  microseconds?: number;
  /** The name of the Kerberos instance. */
  instance?: string;
  /** The rectangle that holds every change: `[x1, y1, x2, y2]` in pixels of the picture, x1 < x2 and y1 < y2. */
  region?: [number, number, number, number];
  /** How many pixels changed; -1 for a continuous recording. */
  changes?: number;
  /** People who came in, where the machinery counts them. */
  incoming?: number;
  /** People who went out. */
  outgoing?: number;
  /** The machinery's random number, 0 to 999. */
  token?: number;
  /** Duration of a video, in ms. */
  duration?: number;
  /** The picture was taken without a detection: when the machinery started, or after a change of settings. */
  reference?: true;
}

/** The layouts that the machinery of an instance fills in: `fileFormat` of `<Disk>` and of `<Video>` in its io.xml. */
export interface FileFormats {
  readonly pictures?: string;
  readonly videos?: string;
}

/** The layout that the machinery ships with. For videos: without the extension. */
export const DEFAULT_FILE_FORMAT = 'timestamp_microseconds_instanceName_regionCoordinates_numberOfChanges_token.jpg';

const REGION =
  '(?<x1>-?\\d{1,6})-(?<y1>-?\\d{1,6})-(?<x2>-?\\d{1,6})-(?<y2>-?\\d{1,6})|(?<reference>regionCoordinates)';
const MICROSECONDS = '(?<digits>\\d)-(?<microseconds>\\d{1,6})';

const WORDS: ReadonlyMap<string, string> = new Map([
  ['timestamp', '(?<timestamp>\\d{1,11})'],
  ['microseconds', MICROSECONDS],
  ['instanceName', '(?<instance>.+)'],
  ['regionCoordinates', `(?:${REGION})`],
  ['numberOfChanges', '(?:(?<changes>-?\\d{1,10})|numberOfChanges)'],
  ['incoming', '(?:(?<incoming>\\d{1,9})|incoming)'],
  ['outgoing', '(?:(?<outgoing>\\d{1,9})|outgoing)'],
  ['token', '(?<token>\\d{1,10})'],
  ['name', '(?:name|(?<name>.+))'],
]);

/** A leading run of 9 to 11 digits counts as Unix seconds (from 1973 on). */
const LEADING_TIMESTAMP = /^(\d{9,11})(?!\d)/;
/** Tokens of the machinery are below 1,000; an agent's recordings, in ms, are longer. */
const TOKENS = 1_000;
/** The most digits of an agent's fraction of a second: it gives milliseconds. */
const MILLISECOND_DIGITS = 3;

/**
 * Parses an event's name by the layouts of its instance, then the default layout, and last by the form of its fields.
 */
export function parseEventName(fileName: string, formats: FileFormats = {}): EventName {
  const extension = /\.(jpe?g|png|mp4)$/i.exec(fileName)?.[1]?.toLowerCase();
  const name = extension === undefined ? fileName : fileName.slice(0, -extension.length - 1);
  const own = [formats.pictures ?? formats.videos, formats.videos ?? formats.pictures];
  if (extension === 'mp4') own.reverse();
  const layouts = [...new Set([...own, DEFAULT_FILE_FORMAT])].flatMap((format) =>
    format === undefined ? [] : layoutOf(format),
  );
  const isVideo = extension === 'mp4';
  const whole = mostTold(layouts.map((layout) => readBy(layout.whole, name, isVideo && layout.isDefault)));
  if (whole !== undefined) return whole;
  const partial = layouts.flatMap((layout) => layout.partial.map((pattern) => readBy(pattern, name, false)));
  return mostTold([...partial, readByForm(name, isVideo)]) ?? {};
}

/** When the camera took it, in ms since 1970 by the camera's clock; `undefined` if its name has no time. */
export function captureTime(name: EventName): number | undefined {
  if (name.timestamp === undefined) return undefined;
  return name.timestamp * 1000 + Math.floor((name.microseconds ?? 0) / 1000);
}

/**
 * Whether events of this layout lie in sub-directories: the machinery makes a directory for each `/` that is not at the
 * front (kerberos-io/machinery, src/kerberos/machinery/io/FileManager.cpp).
 */
export function isNested(fileFormat: string): boolean {
  return /[^/]\//.test(fileFormat);
}

interface Layout {
  /** Matches names in which every field has its form. */
  readonly whole: RegExp;
  /** Patterns for names in which one field has another form: one pattern for each such field. */
  readonly partial: readonly RegExp[];
  readonly isDefault: boolean;
}

const layouts = new Map<string, Layout>();

/** Fields that must have their form for a name to be of the layout, and fields that may be any text anyway. */
const NEVER_LOOSE: ReadonlySet<string> = new Set(['timestamp', 'microseconds', 'instanceName', 'name']);
/**
 * A field of another form: ends at the next `_`, and has no letters, so that no part of an instance's name is taken for
 * it.
 */
const LOOSE = '[^_\\p{L}]*';

function layoutOf(fileFormat: string): Layout {
  const known = layouts.get(fileFormat);
  if (known !== undefined) return known;
  // A format may begin with folders ("timestamp/…"). The file's name is the part after the last of them.
  const format = fileFormat.slice(fileFormat.lastIndexOf('/') + 1).replace(/\.(jpe?g|png|mp4)$/i, '');
  const parts = format.split(new RegExp(`(${[...WORDS.keys()].join('|')})`));
  const patternWith = (loose: number | undefined) => {
    const pattern = parts.map((part, at) => {
      const word = parts.indexOf(part) === at ? WORDS.get(part) : undefined;
      return at === loose ? LOOSE : (word ?? part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    });
    return new RegExp(`^${pattern.join('')}$`, 'su');
  };
  const mayBeLoose = (part: string, at: number) =>
    parts.includes('timestamp') && WORDS.has(part) && !NEVER_LOOSE.has(part) && parts.indexOf(part) === at;
  const layout = {
    whole: patternWith(undefined),
    partial: parts.flatMap((part, at) => (mayBeLoose(part, at) ? [patternWith(at)] : [])),
    isDefault: fileFormat === DEFAULT_FILE_FORMAT,
  };
  layouts.set(fileFormat, layout);
  return layout;
}

function mostTold(names: readonly (EventName | undefined)[]): EventName | undefined {
  const fields = (name: EventName | undefined) => (name === undefined ? -1 : Object.keys(name).length);
  let most: EventName | undefined;
  for (const name of names) if (fields(name) > fields(most)) most = name;
  return most;
}

function readBy(layout: RegExp, name: string, mayBeAgents: boolean): EventName | undefined {
  const groups = layout.exec(name)?.groups;
  return groups && eventNameOf(groups, mayBeAgents);
}

/** Recognises the fields of the default layout by their form, in their order. */
function readByForm(name: string, isVideo: boolean): EventName {
  const fields = name.split('_');
  const found: { [field: string]: string | undefined } = {};
  const form = (pattern: string, at: number) => new RegExp(`^(?:${pattern})$`).exec(fields[at] ?? '')?.groups;
  const isTime = (at: number) => /^\d{9,11}$/.test(fields[at] ?? '') && form(MICROSECONDS, at + 1) !== undefined;
  const time = fields.findIndex((_, at) => isTime(at));
  found.timestamp = time >= 0 ? fields[time] : LEADING_TIMESTAMP.exec(name)?.[1];
  if (found.timestamp === undefined) return {};
  Object.assign(found, form(MICROSECONDS, time + 1));

  const region = fields.findIndex((_, at) => at > time + 1 && form(REGION, at) !== undefined);
  if (time < 0 || region < 0) return eventNameOf(found, isVideo);
  Object.assign(found, form(REGION, region), form('(?<changes>-?\\d{1,10})', region + 1));
  const last = fields.length - 1;
  if (last > region + 1) Object.assign(found, form('(?<token>\\d{1,10})', last));
  // In the default layout the instance's name stands between the time, which comes first, and the region.
  const instance = fields.slice(time + 2, region).join('_');
  if (time === 0 && instance !== '') found.instance = instance;
  return eventNameOf(found, isVideo);
}

function eventNameOf(groups: { [field: string]: string | undefined }, mayBeAgents: boolean): EventName {
  const number = (field: string) => (groups[field] === undefined ? undefined : Number(groups[field]));
  const [timestamp, changes, token] = [number('timestamp'), number('changes'), number('token')];
  const isCounted = Number(groups.digits) === groups.microseconds?.length;
  const isAgents =
    mayBeAgents &&
    isCounted &&
    Number(groups.digits) <= MILLISECOND_DIGITS &&
    (token === undefined || token === 0 || token >= TOKENS || (changes !== undefined && changes < 0));
  const region = regionOf([number('x1'), number('y1'), number('x2'), number('y2')], isAgents);

  const name: EventName = {};
  if (timestamp !== undefined) name.timestamp = timestamp;
  if (isCounted) name.microseconds = Number(groups.microseconds) * (isAgents ? 1_000 : 1);
  const instance = groups.instance ?? groups.name;
  if (instance !== undefined) name.instance = instance;
  if (region !== undefined && changes !== 0) name.region = region;
  if (changes !== undefined) name.changes = changes;
  const [incoming, outgoing] = [number('incoming'), number('outgoing')];
  if (incoming !== undefined) name.incoming = incoming;
  if (outgoing !== undefined) name.outgoing = outgoing;
  if (token !== undefined && !isAgents) name.token = token;
  if (token !== undefined && token > 0 && isAgents) name.duration = token;
  if (groups.reference !== undefined) name.reference = true;
  return name;
}

/**
 * A rectangle `[x1, y1, x2, y2]` in pixels; `undefined` where nothing changed (the machinery then writes the picture's
 * size and 10-10, the agent zeros).
 */
function regionOf(
  [a, b, c, d]: readonly (number | undefined)[],
  isWidthAndHeight: boolean,
): [number, number, number, number] | undefined {
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  const [x2, y2] = isWidthAndHeight ? [a + c, b + d] : [c, d];
  return a < x2 && b < y2 ? [a, b, x2, y2] : undefined;
}
