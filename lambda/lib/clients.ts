import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface Clients {
  s3: S3Client;
  documents: DynamoDBDocumentClient;
}

/**
 * Clients of S3 and DynamoDB as the SDK's environment variables say (region, credentials, and on one machine
 * AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_DYNAMODB). A custom S3 endpoint is addressed by path: it has no host a bucket.
 */
export function clientsFrom(env: NodeJS.ProcessEnv): Clients {
  const forcePathStyle = Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
  return { s3: new S3Client({ forcePathStyle }), documents: documentsOf(new DynamoDBClient()) };
}

/** DynamoDB with plain JavaScript values; fields that are undefined are left out of items. */
export function documentsOf(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
