/** What every operation receives and returns. */
import type { FileHandle } from 'node:fs/promises';
import { S3Error } from './errors';
import type { Limits } from './limits';
import type { UploadStore } from './multipart-store';
import type { EventName } from './notifications';
import type { ObjectStore } from './object-store';
import { type Action, allows } from './policy';
import type { S3Request } from './request';
import type { KeyPair, Payload } from './signature';

/** An authenticated request, and what it may use. */
export interface Call {
  readonly request: S3Request;
  readonly payload: Payload;
  readonly keyPair: KeyPair;
  readonly objects: ObjectStore;
  readonly uploads: UploadStore;
  readonly limits: Limits;
  readonly region: string;
  /** Announces a change to the subscriber. */
  tell(eventName: EventName, bucket: string, key: string, object?: { size: number; etag: string }): void;
}

/** An answer, before it goes over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FileBody;
}

/** Bytes from `start` to `end` (excluded) of an open file. The sender closes it. */
export interface FileBody {
  readonly file: FileHandle;
  readonly start: number;
  readonly end: number;
}

/**
 * @throws S3Error AccessDenied if the caller's policy does not allow the action
 */
export function requireAllowed(call: Call, action: Action, bucket: string, key: string): void {
  if (!allows(call.keyPair.policy, action, bucket, key)) throw new S3Error('AccessDenied');
}

/** The answer with the XML of an operation's result. */
export function xmlReply(body: string, headers: Record<string, string> = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** Time as S3 writes it in XML: ISO 8601 in UTC. `milliseconds` since 1970. */
export function xmlTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
