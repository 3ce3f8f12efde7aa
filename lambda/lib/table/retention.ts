/**
 * How long an account's events are kept: for a number of days after S3 received the upload. Items expire by DynamoDB's
 * time to live; objects by a lifecycle rule of the production bucket, which their tag selects.
 */
import type { RetentionDays } from './account-item';

const DAY_MS = 24 * 3600 * 1000;

/**
 * Days for which the events of a minute are remembered beyond their expiry: an event that comes this late, after others
 * of its quarter of an hour have expired, is still counted right (counts.ts).
 */
export const MINUTES_SLACK_DAYS = 35;

/** Key of the tag of a published object. */
export const RETENTION_TAG = 'retention';

/** The tag's value for an object that is kept for ever: no lifecycle rule selects it. */
export const KEPT = 'none';

/** When something expires that was received at `received`. */
export function keptUntil(received: Date, days: RetentionDays): Date {
  return new Date(received.getTime() + days * DAY_MS);
}

/** When the events of a minute are forgotten; `expires` is when the last of them expires. */
export function minuteKeptUntil(expires: Date): Date {
  return new Date(expires.getTime() + MINUTES_SLACK_DAYS * DAY_MS);
}
