import { IAMClient } from '@aws-sdk/client-iam';
import type { S3Client } from '@aws-sdk/client-s3';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { clientsFrom } from '../clients';
import { Table } from '../table/table';
import type { Place } from './place';

/** A cloud, with the clients to change its accounts. */
export interface AccountsCloud {
  place: Place;
  iam: IAMClient;
  s3: S3Client;
  documents: DynamoDBDocumentClient;
  table: Table;
}

/** Makes the clients for a place from the SDK's environment variables. */
export function accountsCloud(place: Place, env: NodeJS.ProcessEnv): AccountsCloud {
  const { s3, documents } = clientsFrom(env);
  return { place, iam: new IAMClient(), s3, documents, table: new Table(documents, place.tableName) };
}
