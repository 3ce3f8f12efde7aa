/** Where a bucket is on the network. */
import type { Destination } from '../settings/settings';

/** S3's own certificate, a wildcard, covers names of just one label; DNS has no capitals, underscores or odd ends. */
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$/;

/**
 * Whether the bucket's name is in the path and not in the host name: at any store but Amazon's, and for names that no
 * host can have. Buckets of before March 2018 in us-east-1 may be called `my_cameras` or `MyCameras`.
 */
export function isPathStyle({ endpoint, bucket }: Destination): boolean {
  return endpoint !== undefined || !HOST_LABEL.test(bucket);
}

/** The address of the bucket, which is in `region`; its path ends with a slash. */
export function bucketUrl(destination: Destination, region: string): URL {
  const { endpoint, bucket } = destination;
  if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/${bucket}/`);
  const host = `s3.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  return new URL(isPathStyle(destination) ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`);
}

/** The proxy on the way to the bucket, host and port; plain HTTP goes without. */
export function proxyOf({ endpoint, proxy }: Destination): string | undefined {
  return proxy === undefined || endpoint?.startsWith('http:') ? undefined : new URL(proxy).host;
}
