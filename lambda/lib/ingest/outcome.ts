import type { PublishedEvent } from '../table/event-item';

/** The result of ingesting an object. */
export type Outcome =
  | { outcome: 'published'; event: PublishedEvent }
  /** This upload, or a later one of the same key, had been published before. */
  | { outcome: 'already published' }
  | { outcome: 'rejected'; reason: string; message: string }
  /** The event shows another upload of the same key. This upload was kept as a version. */
  | { outcome: 'version' }
  /** The object was replaced several times meanwhile. The later uploads have notifications of their own. */
  | { outcome: 'replaced' }
  /** The object is not in the bucket any more. */
  | { outcome: 'gone' }
  /** The owner deleted the event. */
  | { outcome: 'deleted' }
  /** A hidden name is no event: `grunt check`, for instance, writes such an object to test its rights. */
  | { outcome: 'no event' }
  /** A sign of life. It was recorded with its instance. */
  | { outcome: 'alive' };
