/**
 * The policy of a device, here and in AWS: it may write into its folder, in one request or in parts, and list it. It
 * may not read, look up or delete what it wrote, nor ask for its unfinished uploads. lambda/lib/accounts/camera-user.ts
 * gives the same policy to every account added later; a test compares both.
 */
export function devicePolicy(bucket: string, folder: string): string {
  // Without a folder the device has the whole bucket.
  const prefix = folder === '' ? '' : `${folder}/`;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::${bucket}/${prefix}*` },
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: `arn:aws:s3:::${bucket}`,
        ...(prefix !== '' && { Condition: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
      },
    ],
  });
}
