/**
 * Signs URLs of the production bucket that open one object for 100 seconds, for anyone who has them. The bucket refuses
 * them afterwards, by its own clock.
 */
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { claimedKind, type Kind } from '../media/kind';
import { extensionOf, safeName } from '../media/safe-name';
import type { PublishedEvent } from '../table/event-item';

/** Seconds for which a signed URL opens its object. */
export const SIGNED_SECONDS = 100;

/**
 * Seconds for which a browser may keep the redirect to a signed URL: even at the last moment, half of the time is left.
 */
export const KEPT_SECONDS = 50;

/** The headers that an object is to be answered with. */
export interface Answer {
  kind: Kind;
  /** Content-Disposition; left out, that of the object. */
  disposition?: string;
}

/** What is signed with. */
export interface Signer {
  readonly s3: S3Client;
  readonly settings: { readonly productionBucket: string };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Signs a URL of one object for SIGNED_SECONDS from now. */
export async function signedUrl(
  { s3, settings, now }: Signer,
  key: string,
  { kind, disposition }: Answer,
): Promise<string> {
  const get = new GetObjectCommand({
    Bucket: settings.productionBucket,
    Key: key,
    ResponseContentType: kind,
    ...(disposition === undefined ? {} : { ResponseContentDisposition: disposition }),
  });
  return await getSignedUrl(s3, get, { expiresIn: SIGNED_SECONDS, signingDate: new Date(now()) });
}

/** Longest name of a download, in characters. */
const LONGEST_NAME = 150;

/**
 * Content-Disposition to save an event under the name that the camera gave it (RFC 6266, RFC 8187): unchanged in
 * `filename*`, in ASCII in `filename`. Characters that could make a path, a hidden file, or a deceptive name become
 * `_`; the header is ASCII, without quotes in its values, whatever the name.
 */
export function saveAs(event: Pick<PublishedEvent, 'fileName' | 'kind'>): string {
  // encodeURIComponent keeps characters that RFC 8187 does not allow.
  const encoded = encodeURIComponent(fileNameOf(event)).replace(
    /['()*!]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${safeName(event.fileName, event.kind)}"; filename*=UTF-8''${encoded}`;
}

/** The name that the camera gave an event, made safe as a file name on any machine. */
export function fileNameOf({ fileName, kind }: Pick<PublishedEvent, 'fileName' | 'kind'>): string {
  const last = fileName.slice(fileName.lastIndexOf('/') + 1);
  const stem = claimedKind(last) ? last.slice(0, last.lastIndexOf('.')) : last;
  const safe = stem.replace(/[\p{C}\p{Zl}\p{Zp}\\/:*?"<>|]/gu, '_').replace(/^[.\s]+/, '_');
  return `${[...safe].slice(0, LONGEST_NAME).join('') || 'event'}${extensionOf(kind)}`;
}
