/**
 * Reads S3's notifications of created objects. They have two forms: S3's own (`Records`, keys form-encoded, sent to
 * Lambda, SQS or SNS), and EventBridge's (`detail`, plain keys). Both become an `ObjectCreated`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 *
 * Notifications come at least once and in any order. `sequencer` orders those of one key: hexadecimal digits, compared
 * as text after the shorter one is padded with zeros on the right.
 */
import { type Fields, fieldsOf, text } from '../table/fields';

/** One created object. */
export interface ObjectCreated {
  bucket: string;
  /** The key as the uploader wrote it. */
  key: string;
  /** In bytes, as S3 counted them. */
  size: number;
  /** ETag of the created object, with double quotes; absent where the server sends none. */
  etag?: string | undefined;
  /** When S3 stored the object, by S3's clock. */
  time: Date;
  /** Greater for a later write of the same key; SEQUENCER_DIGITS upper-case hexadecimal digits. */
  sequencer: string;
}

/** Digits of a padded sequencer. S3's own have 18 today; its documentation promises no length. */
const SEQUENCER_DIGITS = 40;

/**
 * The objects that a notification reports as created, in its order. Empty for `s3:TestEvent` (sent when a notification
 * is configured) and for other kinds of events, such as removals.
 *
 * @throws Error if the value is not a notification of S3.
 */
export function objectsCreated(notification: unknown): ObjectCreated[] {
  const outer = fieldsOf(notification);
  if (outer.Event === 's3:TestEvent') return [];
  if (Array.isArray(outer.Records)) return outer.Records.flatMap(fromRecord);
  if (outer.source === 'aws.s3') return fromEventBridge(outer);
  throw new Error(
    `Not a notification of S3: an object with ${Object.keys(outer).join(', ') || 'no fields'}. ` +
      'Expected "Records" (S3) or "source": "aws.s3" (EventBridge).',
  );
}

function fromRecord(value: unknown): ObjectCreated[] {
  const record = fieldsOf(value);
  if (!text(record, 'eventName').replace(/^s3:/, '').startsWith('ObjectCreated:')) return [];
  const s3 = fieldsOf(record.s3);
  const object = fieldsOf(s3.object);
  return [
    created(text(fieldsOf(s3.bucket), 'name'), formDecoded(text(object, 'key')), object, text(record, 'eventTime')),
  ];
}

function fromEventBridge(event: Fields): ObjectCreated[] {
  if (event['detail-type'] !== 'Object Created') return [];
  const detail = fieldsOf(event.detail);
  const object = fieldsOf(detail.object);
  return [created(text(fieldsOf(detail.bucket), 'name'), text(object, 'key'), object, text(event, 'time'))];
}

function created(bucket: string, key: string, object: Fields, at: string): ObjectCreated {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) throw new Error(`A notification of ${bucket}/${key} has the time "${at}".`);
  const { size, eTag = object.etag } = object;
  return {
    bucket,
    key,
    // Some servers leave out the size of an empty object.
    size: typeof size === 'number' ? size : 0,
    etag: typeof eTag === 'string' && eTag !== '' ? `"${eTag.replaceAll('"', '')}"` : undefined,
    time,
    sequencer: comparable(object.sequencer, time),
  };
}

/** The padded sequencer. Servers without sequencers (Ceph) are ordered by their clock. */
function comparable(sequencer: unknown, time: Date): string {
  const digits = typeof sequencer === 'string' && sequencer ? sequencer : time.getTime().toString(16).padStart(16, '0');
  return digits.toUpperCase().padEnd(SEQUENCER_DIGITS, '0');
}

function formDecoded(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
