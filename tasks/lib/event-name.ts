/**
 * What the name of an event file tells.
 *
 *     1429700000_6-123456_frontdoor_200-200-400-400_24_579.jpg
 *     │          │        │         │               │  └ token: random, keeps names apart
 *     │          │        │         │               └ numberOfChanges: pixels that changed
 *     │          │        │         └ regionCoordinates: x1-y1-x2-y2 of where they changed
 *     │          │        └ instanceName: the camera's name, any text, `_` and spaces too
 *     │          └ microseconds: how many digits follow, '-', the digits
 *     └ timestamp: Unix seconds
 *
 * Who writes names, and how (each was run or read, kerberos-io/machinery 1.0 to 2.8 and kerberos-io/agent 3):
 *
 * - The machinery replaces the words of `fileFormat` in io.xml, `<Disk>` for pictures and `<Video>` for videos. They may
 *   differ, and a directory keeps files of earlier layouts. Since 2.1 there are also `incoming` and `outgoing` (people who
 *   were counted) and `name` (the instance's).
 * - At each start it writes a reference picture, before anything was detected: the words that only a detection has a
 *   value for stay as they are, `…_regionCoordinates_numberOfChanges_…`.
 * - The agent, its successor, writes videos only: milliseconds instead of microseconds, the region as x-y-width-height,
 *   -1 changes for a continuous recording, and the duration in milliseconds in the place of the token.
 *
 * A name is read by the layout that tells most. A field that does not fit costs that field and no other; where no layout
 * fits, fields are recognised by their form. What a name does not tell is absent.
 */

/** What an event's name tells; each field is there only if the name tells it. */
export interface EventName {
  /** Unix time in whole seconds, by the camera's clock. */
  timestamp?: number;
  /** Microseconds after `timestamp`, 0 to 999999. */
  microseconds?: number;
  /** The name of the Kerberos instance. */
  instance?: string;
  /** The rectangle that holds every change: `[x1, y1, x2, y2]` in pixels of the picture, x1 < x2 and y1 < y2. */
  region?: [number, number, number, number];
  /** How many pixels changed; -1 where a recording goes on whatever changes. */
  changes?: number;
  /** How many people came in and went out, where the machinery counts them. */
  incoming?: number;
  outgoing?: number;
  /** The machinery's random number, 0 to 999. */
  token?: number;
  /** Of a video, in milliseconds. */
  duration?: number;
  /** There on a picture that was taken without a detection: at the start of the machinery, or after a change of settings. */
  reference?: true;
}

/** The layouts that the machinery of an instance fills in: `fileFormat` of `<Disk>` and of `<Video>` in its io.xml. */
export interface FileFormats {
  readonly pictures?: string;
  readonly videos?: string;
}

/** The layout of names that the machinery ships with; for videos without the extension. */
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

/** The shortest and longest run of digits at the front of a name that is taken for Unix seconds: 1973 to far away. */
const LEADING_TIMESTAMP = /^(\d{9,11})(?!\d)/;
/** Tokens of the machinery are below this; an agent's recordings, in ms, are longer. */
const TOKENS = 1_000;
/** An agent gives milliseconds, which have so many digits at the most. */
const MILLISECOND_DIGITS = 3;

/** What the name of an event file tells, by the layouts of its instance, the default one, and else by the form of its fields. */
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

/** When the camera took it, in milliseconds since 1970 by the camera's clock, or `undefined` if its name tells nothing. */
export function captureTime(name: EventName): number | undefined {
  if (name.timestamp === undefined) return undefined;
  return name.timestamp * 1000 + Math.floor((name.microseconds ?? 0) / 1000);
}

/**
 * Whether events of this layout lie in sub-directories of the capture directory: the machinery makes a directory for
 * each `/` (kerberos-io/machinery, src/kerberos/machinery/io/FileManager.cpp). Slashes at the front make none.
 */
export function isNested(fileFormat: string): boolean {
  return /[^/]\//.test(fileFormat);
}

interface Layout {
  /** Every field has its form. */
  readonly whole: RegExp;
  /** One field has another form: a pattern for each field that may be the one. */
  readonly partial: readonly RegExp[];
  readonly isDefault: boolean;
}

const layouts = new Map<string, Layout>();

/** Fields that say that a name is of the layout at all, and those that may be any text as it is. */
const NEVER_LOOSE: ReadonlySet<string> = new Set(['timestamp', 'microseconds', 'instanceName', 'name']);
/** A field of another form: it ends at the next `_`, and a part of an instance's name is not taken for it. */
const LOOSE = '[^_\\p{L}]*';

function layoutOf(fileFormat: string): Layout {
  const known = layouts.get(fileFormat);
  if (known !== undefined) return known;
  // A format may begin with folders ("timestamp/…"); a file's name is what comes after the last of them.
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

/** What can be recognised without a layout: the fields of the default one by their form, in their order. */
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

/** A rectangle; none where nothing changed (the machinery then writes the picture's size and 10-10, the agent zeros). */
function regionOf(
  [a, b, c, d]: readonly (number | undefined)[],
  isWidthAndHeight: boolean,
): [number, number, number, number] | undefined {
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  const [x2, y2] = isWidthAndHeight ? [a + c, b + d] : [c, d];
  return a < x2 && b < y2 ? [a, b, x2, y2] : undefined;
}
