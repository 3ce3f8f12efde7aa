/** The types of the API's answers, as openapi.yaml describes them; test/lambda/page/api-types.test.ts compares both. */

/** An opaque id of 10 to 64 characters. */
export type Id = string;
/** What an engine has recognised on an event beside faces. */
export type Label = 'person' | 'vehicle' | 'animal';
/** `[x1, y1, x2, y2]`, in pixels of the upright picture. */
export type Box = [number, number, number, number];

/** The account of the session. */
export interface Account {
  user: string;
  retentionDays: number;
  timeZone?: string;
}

/** A face on an event's picture. */
export interface Face {
  box: Box;
  person?: Id;
  sure: boolean;
  /** Index of the frame in a video, from 0. */
  frame?: number;
}

/** An event: a picture or a video. */
export interface Event {
  id: Id;
  /** ISO 8601, UTC. */
  time: string;
  /** Local time of the instance, without a zone. */
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
  /** True for a picture that the camera took at its start, without a detection. */
  reference?: true;
  faces: Face[];
  /** Codec of a video: `avc1.42001e`, or the four letters of another codec. */
  codec?: string;
  /** Its labels; absent where no engine has looked. */
  labels?: Label[];
  /** The decoded frames of a video: their number, and which is the poster. */
  film?: { frames: number; poster: number };
  received: string;
  /** Present when the file was cut off. */
  incomplete?: true;
  /** Harmless faults of the file. */
  faults?: string[];
  /** Number of unknown faces that were not kept, because the picture shows too many at once. */
  facesAside?: number;
  /** When the last upload with other bytes under this event's key came. */
  otherUpload?: string;
  /** Whether its owner keeps it for ever. */
  kept?: true;
  note?: string;
}

/** A version: another upload of an event's key. */
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

/** A URL from which a picture can be downloaded for 100 seconds. */
export interface Address {
  id: Id;
  url: string;
  fileName: string;
  /** In bytes. */
  size: number;
  time: string;
}

/** A person on an event or a burst; `sure`: certainly. */
export interface Appearance {
  person: Id;
  sure: boolean;
}

/** Why an event ranks low. */
export interface Usual {
  /** Number of ten-minute intervals of a day in which something moves at this place. */
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

/** A person of the account. */
export interface Person {
  id: Id;
  name?: string;
  since: string;
  /** Where the person's face can be seen; `frame`: index of the frame in a video, from 0. */
  portrait?: { event: Id; box: Box; frame?: number };
}

/** A camera of the account. */
export interface Instance {
  id: Id;
  name: string;
  lastSeen: string;
  /** Absent when it was deleted or has expired and there is no other. */
  lastEvent?: { id: Id; time: string };
  /**
   * The last sign of life; absent if there was none. `freeDisk` in bytes, `temperature` in °C, `uptime` in seconds,
   * times in ISO 8601 UTC. Unknown fields are absent.
   */
  alive?: {
    at: string;
    queue?: number;
    lastCapture?: string;
    freeDisk?: number;
    temperature?: number;
    uptime?: number;
    version?: string;
  };
  /** `since`: for `gone` when the last sign came, otherwise when the last upload came. */
  state: { is: 'alive' | 'quiet' | 'gone' | 'sending' | 'silent'; since: string };
  /** The last event with a wrong time. `offset`: ms to add to its time to get the true time. */
  wrongClock?: { offset: number; event: { id: Id; time: string }; received: string };
  timeZone: string;
  ownTimeZone?: boolean;
  silent: boolean;
  silentAfterHours: number;
}

/** A refused upload. */
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

/** Why a request was refused, as RFC 9457 describes. */
export interface Problem {
  status: number;
  title: string;
  detail?: string;
}

/** The days of a month, such as `2026-04`, that have events. */
export interface Month {
  month: string;
  /** Events by day, such as `{"2026-04-22": 17}`. */
  days: Record<string, number>;
}

/** The counts of a day, such as `2026-04-22`. */
export interface Day {
  day: string;
  /** Events of each hour, 0 to 23. */
  hours: number[];
  total: number;
  version: string;
}

/** A page of events, newest first; without `cursor` it is the last. */
export interface EventPage {
  events: Event[];
  cursor?: string;
}

/** A page of bursts, newest first; without `cursor` it is the last. */
export interface BurstPage {
  bursts: Burst[];
  cursor?: string;
}

/** A page of refused uploads, newest first; without `cursor` it is the last. */
export interface RejectedPage {
  rejected: Rejected[];
  cursor?: string;
}

/** Which events are told, once a burst. */
export interface Rule {
  id?: Id;
  /** None stands for all. */
  cameras: Id[];
  /** `22:00`, by the clock on the camera's wall; a span may go over midnight. */
  hours?: { from: string; to: string };
  /** With it, the next three do not count. */
  anything: boolean;
  persons: Id[];
  unknownFaces: boolean;
  labels: Label[];
  coolDownMinutes: number;
}

/** What the owner is told. */
export interface NotificationSettings {
  rules: Rule[];
  health: boolean;
}

/** Where an account is told. */
export interface Channel {
  id: Id;
  kind: 'push' | 'webhook' | 'mail';
  name: string;
  created: string;
  confirmed?: boolean;
  sentAt?: string;
  failure?: { at: string; text: string };
}

/** The secret of a webhook is told when it is made, and never again. */
export interface NewChannel {
  id: Id;
  kind: Channel['kind'];
  name: string;
  created: string;
  confirmed?: boolean;
  secret?: string;
}

/** What the owner is told, and where. */
export interface Notifications {
  publicKey: string;
  mail: boolean;
  settings: NotificationSettings;
  channels: Channel[];
}
