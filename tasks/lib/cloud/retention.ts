/**
 * How long the cloud on one machine keeps what it is given: the lifecycles of its two buckets. lambda/template.yaml has
 * to say the same to Amazon's.
 *
 * Uploads are only on their way. What is published carries its account's retention as a tag, `retention=30`, because a
 * lifecycle knows tags and no accounts; there is a rule for each of the numbers that an account can choose.
 */
import type { Lifecycle } from './s3/lifecycle';

/** Days that an account can choose to keep its events. */
export const RETENTION_DAYS = [7, 30, 90, 365] as const;

/** The tag with the number of days that a published object is kept. */
export const RETENTION_TAG = 'retention';

/** Longer than any message about an upload: its picture is still there when it is tried again. */
export const UPLOADS_LIFECYCLE: Lifecycle = { expiration: [{ days: 21 }], abortUploadsAfterDays: 1 };

/** The lifecycle of the production bucket: a rule for each number of `RETENTION_DAYS`. */
export const PRODUCTION_LIFECYCLE: Lifecycle = {
  expiration: RETENTION_DAYS.map((days) => ({ tag: { key: RETENTION_TAG, value: String(days) }, days })),
  abortUploadsAfterDays: 1,
};
