/** What the API says, as openapi.yaml describes it; test/lambda/page/api-types.test.ts holds the two together. */

export type Id = string;
export type Label = 'person' | 'vehicle' | 'animal';
/** `[x1, y1, x2, y2]`, in pixels of the upright picture. */
export type Box = [number, number, number, number];

export interface Account {
  user: string;
  retentionDays: number;
  timeZone?: string;
}

export interface Face {
  box: Box;
  person?: Id;
  sure: boolean;
  /** Of a video, which frame it is on, from 0. */
  frame?: number;
}

export interface Event {
  id: Id;
  /** ISO 8601, UTC. */
  time: string;
  /** By the clock on the instance's wall, without a zone. */
  localTime: string;
  timeZone: string;
  instance: { id: Id; name: string };
  kind: 'image/jpeg' | 'image/png' | 'video/mp4';
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** Of a video, in milliseconds. */
  duration?: number;
  /** In bytes. */
  size: number;
  fileName: string;
  region?: Box;
  /** How many pixels changed. */
  changes?: number;
  /** There on a picture that the camera took at its start, without a detection. */
  reference?: true;
  faces: Face[];
  /** Of a video: `avc1.42001e`, or the four letters of another codec. */
  codec?: string;
  /** What is on it beside faces; absent where nobody has looked. */
  labels?: Label[];
  /** Of a video of which frames could be decoded: how many there are, and which one is the poster. */
  film?: { frames: number; poster: number };
  received: string;
  /** Present when the file was cut off. */
  incomplete?: true;
  /** What is wrong with the file, and harms nobody who looks at it. */
  faults?: string[];
  /** Unknown faces that were not kept, because the picture shows too many at once. */
  facesAside?: number;
  /** When the last upload came that brought other bytes under this event's key. */
  otherUpload?: string;
  /** Its owner keeps it for ever. */
  kept?: true;
  note?: string;
}

/** Another upload of an event's key. */
export interface Version {
  id: Id;
  received: string;
  kind: Event['kind'];
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** Of a video, in milliseconds. */
  duration?: number;
  /** In bytes. */
  size: number;
  /** Present when the file was cut off. */
  incomplete?: true;
}

/** Where a picture can be downloaded, for 100 seconds. */
export interface Address {
  id: Id;
  url: string;
  fileName: string;
  /** In bytes. */
  size: number;
  time: string;
}

/** Somebody who is on an event or a burst. */
export interface Appearance {
  person: Id;
  sure: boolean;
}

/** Why something ranks low. */
export interface Usual {
  /** In how many ten minutes of a day something moved at this place. */
  spans: number;
}

/** Where on a camera's picture things moved in a day: 16 x 16 cells, row by row. */
export interface Heat {
  day: string;
  cells: number[];
  usual: boolean[];
  events: number;
  picture?: { id: Id; width: number; height: number };
}

/** Pictures of one camera that follow each other within the gap. */
export interface Burst {
  /** Of its first picture. */
  id: Id;
  /** Of its last picture. */
  last: Id;
  /** ISO 8601, UTC. */
  from: string;
  to: string;
  /** By the clock on the instance's wall, without a zone. */
  localFrom: string;
  localTo: string;
  count: number;
  kept: number;
  /** How many pictures rank high. */
  unusual: number;
  /** Why all rank low, where they do. */
  usual?: Usual;
  people: Appearance[];
  /** What is on any of its pictures beside faces. */
  labels: Label[];
  cover: Event;
}

export interface Person {
  id: Id;
  name?: string;
  since: string;
  /** `frame` is of a video, from 0. */
  portrait?: { event: Id; box: Box; frame?: number };
}

export interface Instance {
  id: Id;
  name: string;
  lastSeen: string;
  /** Absent when it was deleted or has expired and there is no other. */
  lastEvent?: { id: Id; time: string };
  /** Absent when its `grunt sync` gave no sign of life yet; what is not known is absent. */
  alive?: {
    at: string;
    queue?: number;
    lastCapture?: string;
    freeDisk?: number;
    temperature?: number;
    uptime?: number;
    version?: string;
  };
  /** `since` is when one that is gone was last heard of, and the last upload of any other. */
  state: { is: 'alive' | 'quiet' | 'gone' | 'sending' | 'silent'; since: string };
  /** The last event that came while the camera's clock was wrong; `offset` (ms) makes its time the true one. */
  wrongClock?: { offset: number; event: { id: Id; time: string }; received: string };
  timeZone: string;
  ownTimeZone?: boolean;
  silent: boolean;
  silentAfterHours: number;
}

export interface Rejected {
  id: Id;
  fileName: string;
  instance?: string;
  reason: string;
  message: string;
  /** In bytes. */
  size: number;
  received: string;
}

export interface Problem {
  status: number;
  title: string;
  detail?: string;
}

export interface Month {
  month: string;
  /** Events by day, such as `{"2026-04-22": 17}`. */
  days: Record<string, number>;
}

export interface Day {
  day: string;
  /** Events of each hour, 0 to 23. */
  hours: number[];
  total: number;
  version: string;
}

export interface EventPage {
  events: Event[];
  cursor?: string;
}

export interface BurstPage {
  bursts: Burst[];
  cursor?: string;
}

export interface RejectedPage {
  rejected: Rejected[];
  cursor?: string;
}
