/**
 * S3's notifications of objects that appear and disappear: event records as a Lambda function, a queue or a topic
 * receives them. docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (version 2.1)
 */
import { formEncode } from './encoding';

/** The kinds of events. */
export type EventName =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'
  | 'LifecycleExpiration:Delete';

/** An event record of S3. */
export interface S3EventRecord {
  readonly eventVersion: '2.1';
  readonly eventSource: 'aws:s3';
  readonly awsRegion: string;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly eventTime: string;
  readonly eventName: EventName;
  readonly userIdentity: { readonly principalId: string };
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly responseElements: { readonly 'x-amz-request-id': string; readonly 'x-amz-id-2': string };
  readonly s3: {
    readonly s3SchemaVersion: '1.0';
    readonly configurationId: string;
    readonly bucket: {
      readonly name: string;
      readonly ownerIdentity: { readonly principalId: string };
      readonly arn: string;
    };
    readonly object: {
      /** Form-encoded: a space is `+`. */
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      /** Of two events on one key, the later has the greater, compared as text. */
      readonly sequencer: string;
    };
  };
}

/** A change of an object. */
export interface ObjectChange {
  readonly eventName: EventName;
  readonly bucket: string;
  readonly key: string;
  /** Size in bytes, for an object that appeared. */
  readonly size?: number;
  /** ETag without quotes, for an object that appeared. */
  readonly etag?: string;
  /** Who made the change: the holder of an access key, or S3 itself. */
  readonly principalId: string;
  readonly sourceIPAddress: string;
  readonly requestId: string;
}

/** Makes event records. Sequencers always grow, even if the clock is set back. */
export class EventRecorder {
  #region: string;
  #now: () => number;
  #sequence = 0n;

  constructor(region: string, now: () => number) {
    this.#region = region;
    this.#now = now;
  }

  record(change: ObjectChange): S3EventRecord {
    const now = this.#now();
    const microseconds = BigInt(Math.round(now * 1000));
    this.#sequence = microseconds > this.#sequence ? microseconds : this.#sequence + 1n;
    return {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: this.#region,
      eventTime: new Date(now).toISOString(),
      eventName: change.eventName,
      userIdentity: { principalId: change.principalId },
      requestParameters: { sourceIPAddress: change.sourceIPAddress },
      responseElements: { 'x-amz-request-id': change.requestId, 'x-amz-id-2': change.requestId },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'ObjectEvents',
        bucket: {
          name: change.bucket,
          ownerIdentity: { principalId: 'owner' },
          arn: `arn:aws:s3:::${change.bucket}`,
        },
        object: {
          key: formEncode(change.key),
          ...(change.size !== undefined && { size: change.size }),
          ...(change.etag !== undefined && { eTag: change.etag }),
          sequencer: this.#sequence.toString(16).toUpperCase().padStart(16, '0'),
        },
      },
    };
  }
}
