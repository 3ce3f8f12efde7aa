import type { PublishedEvent } from '../table/event-item';

/** What became of a notification. */
export type Outcome =
  | { outcome: 'published'; event: PublishedEvent }
  /** This upload, or a later one of the same key, was published before; nothing was left to do. */
  | { outcome: 'already published' }
  | { outcome: 'rejected'; reason: string; message: string }
  /** Its event shows another upload of the same key; this one was kept beside it. */
  | { outcome: 'version' }
  /** The object was replaced again and again; each of the later uploads has a notification of its own. */
  | { outcome: 'replaced' }
  /** The object is not in the bucket any more. */
  | { outcome: 'gone' }
  /** The owner deleted the event. */
  | { outcome: 'deleted' }
  /** A hidden name is nobody's event: `grunt check` writes such an object to see whether it may. */
  | { outcome: 'no event' }
  /** The camera's sign of life; it is remembered with its instance. */
  | { outcome: 'alive' };
