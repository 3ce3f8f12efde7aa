/** A server to be killed: prints its endpoint. `node killed-server.js DIRECTORY` */
import { owner } from '../../../tasks/lib/cloud/s3/policy';
import { startS3 } from '../../../tasks/lib/cloud/s3/server';
import { BUCKET, OWNER } from './support';

void startS3({ directory: process.argv[2] ?? '', keyPairs: [{ ...OWNER, policy: owner }] }).then(async (s3) => {
  await s3.createBucket(BUCKET);
  console.log(s3.endpoint);
});
