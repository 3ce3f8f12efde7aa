/** Headers that a bucket's policy may demand for every object: encryption, storage class, ACL. */
import type { ObjectDemands } from '../settings/settings';
import type { Client } from './s3-client';

/** The headers of a single PUT. */
export function demandedHeaders(demands: ObjectDemands = {}): Record<string, string> {
  const { encryption, encryptionKey, storageClass, acl } = demands;
  return {
    ...(encryption !== undefined && { 'x-amz-server-side-encryption': encryption }),
    ...(encryptionKey !== undefined && { 'x-amz-server-side-encryption-aws-kms-key-id': encryptionKey }),
    ...(storageClass !== undefined && { 'x-amz-storage-class': storageClass }),
    ...(acl !== undefined && { 'x-amz-acl': acl }),
  };
}

/** The same as fields of CreateMultipartUpload. The parts inherit them. */
export function demandedFields(commands: Client['commands'], demands: ObjectDemands = {}) {
  const { encryption, encryptionKey, storageClass, acl } = demands;
  return {
    ServerSideEncryption: Object.values(commands.ServerSideEncryption).find((each) => each === encryption),
    SSEKMSKeyId: encryptionKey,
    StorageClass: Object.values(commands.StorageClass).find((each) => each === storageClass),
    ACL: Object.values(commands.ObjectCannedACL).find((each) => each === acl),
  };
}
