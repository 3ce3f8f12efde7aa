import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** The clients of S3 and DynamoDB. */
export interface Clients {
  s3: S3Client;
  documents: DynamoDBDocumentClient;
}

/**
 * Makes the clients from the SDK's environment variables (region, credentials, and on one machine AWS_ENDPOINT_URL_S3
 * and AWS_ENDPOINT_URL_DYNAMODB). At a custom S3 endpoint the bucket goes into the path, because it has no host for
 * each bucket.
 */
export function clientsFrom(env: NodeJS.ProcessEnv): Clients {
  const forcePathStyle = Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
  return { s3: new S3Client({ forcePathStyle }), documents: documentsOf(new DynamoDBClient()) };
}

/** A client for plain JavaScript values; fields that are undefined are left out of items. */
export function documentsOf(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
