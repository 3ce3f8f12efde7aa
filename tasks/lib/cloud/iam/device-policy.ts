/**
 * What a device may do, here and in AWS: write into its folder, in one request or in parts, and list it. It cannot read,
 * look up or delete what it wrote, nor ask for its own unfinished uploads. lambda/lib/accounts/camera-user.ts gives the
 * same to every account that is added later; a test holds both against each other.
 */
export function devicePolicy(bucket: string, folder: string): string {
  // Without a folder the whole bucket is the device's.
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
