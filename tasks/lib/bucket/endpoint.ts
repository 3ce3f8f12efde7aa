/** Where a bucket is on the network. */
import type { Destination } from '../settings/settings';

/**
 * S3's wildcard certificate covers names of one label only. DNS allows no capitals, underscores or dashes at the ends.
 */
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$/;

/**
 * Whether the bucket's name goes into the path instead of the host name: at every store but Amazon's, and for names
 * that no host can have. Buckets made before March 2018 in us-east-1 may be called `my_cameras` or `MyCameras`.
 */
export function isPathStyle({ endpoint, bucket }: Destination): boolean {
  return endpoint !== undefined || !HOST_LABEL.test(bucket);
}

/** The URL of the bucket in `region`. Its path ends with a slash. */
export function bucketUrl(destination: Destination, region: string): URL {
  const { endpoint, bucket } = destination;
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/`);
  const host = `s3.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  return new URL(isPathStyle(destination) ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`);
}

/** Host and port of the proxy on the way to the bucket; `undefined` without one. Plain HTTP uses no proxy. */
export function proxyOf({ endpoint, proxy }: Destination): string | undefined {
  return proxy === undefined || endpoint?.startsWith('http:') ? undefined : new URL(proxy).host;
}
