/**
 * The headers of every answer: the page may load only its own files, and pictures from the bucket; no other page may
 * frame it, read its answers, or learn its URLs. File names come from devices and instance names from people: if such a
 * name ever got into the page unescaped, it still could not run.
 */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { MiddlewareHandler } from 'hono';
import { isHttps } from './env';
import type { Gallery } from './gallery';

const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** Sets the headers on every answer. An answer without a Cache-Control must not be stored. */
export function securityHeaders(gallery: Gallery): MiddlewareHandler {
  let bucket: Promise<string> | undefined;
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
    // Credentials that failed are asked for again with the next answer; until then no pictures are shown, and nothing
    // else fails.
    bucket ??= bucketOrigin(gallery);
    const origin = await bucket.catch((error: unknown) => {
      bucket = undefined;
      gallery.log(error);
      return '';
    });
    c.res.headers.set('Content-Security-Policy', policy(origin));
    if (isHttps(c)) c.res.headers.set('Strict-Transport-Security', 'max-age=63072000');
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  };
}

function policy(bucket: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' ${bucket}`.trim(),
    `media-src 'self' ${bucket}`.trim(),
    // The page fetches pictures to put them into a zip.
    `connect-src 'self' ${bucket}`.trim(),
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The origin of signed URLs. The signer knows it: it depends on region, bucket name and endpoint. */
async function bucketOrigin({ s3, settings }: Gallery): Promise<string> {
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: settings.productionBucket, Key: 'any' }));
  return new URL(url).origin;
}
