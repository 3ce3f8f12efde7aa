/**
 * How long an account's events are kept. An event expires so many days after S3 had the upload: its item, and the items
 * that follow from it, by DynamoDB's time to live; its objects by a lifecycle rule of the production bucket, which goes by
 * their tag.
 */
import type { RetentionDays } from './account-item';

const DAY_MS = 24 * 3600 * 1000;

/**
 * How much longer it is remembered which events a minute had: an event that comes this late, after others of its quarter
 * of an hour have expired, is still counted right (counts.ts).
 */
export const MINUTES_SLACK_DAYS = 35;

/** The tag of a published object. */
export const RETENTION_TAG = 'retention';

/** What the tag says of an object that is kept for ever: no lifecycle rule is about it. */
export const KEPT = 'none';

/** When something expires that was received then and is kept for so many days. */
export function keptUntil(received: Date, days: RetentionDays): Date {
  return new Date(received.getTime() + days * DAY_MS);
}

/** When it is forgotten which events a minute had whose last one expires then. */
export function minuteKeptUntil(expires: Date): Date {
  return new Date(expires.getTime() + MINUTES_SLACK_DAYS * DAY_MS);
}
