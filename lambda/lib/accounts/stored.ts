/**
 * Finds everything stored of an account: items of the table, and objects of the two buckets with all their versions. It
 * scans the table, which is slow and exact, and is done only when the operator changes or removes an account.
 */
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectTaggingCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { inParallel } from '../in-parallel';
import { selecting, startsWith } from '../table/expression';
import { type Fields, fieldsOf, text } from '../table/fields';
import { accountPrefix, type Key } from '../table/keys';
import { RETENTION_TAG } from '../table/retention';
import type { AccountsCloud } from './cloud';
import type { Place } from './place';

/** The stores of a cloud, and the clients to read and change them. */
export interface Stores extends Pick<AccountsCloud, 's3' | 'documents' | 'table'> {
  place: Pick<Place, 'productionBucket' | 'tableName'>;
}

/** A version of an object, or a delete marker. */
export interface Version {
  bucket: string;
  key: string;
  versionId: string | undefined;
  /** Whether it is the version that a reader gets. */
  isCurrent: boolean;
}

/** An account's items, page by page. `attributes`: the attributes to return, beside the key; all by default. */
export async function* itemsOf(
  { documents, place }: Stores,
  account: string,
  attributes?: readonly string[],
): AsyncGenerator<(Key & Fields)[]> {
  const pages = paginateScan(
    { client: documents },
    {
      TableName: place.tableName,
      ConsistentRead: true,
      ...selecting(startsWith('pk', accountPrefix(account)), attributes && ['pk', 'sk', ...attributes]),
    },
  );
  for await (const { Items = [] } of pages) {
    yield Items.map((item) => ({ ...fieldsOf(item), pk: text(item, 'pk'), sk: text(item, 'sk') }));
  }
}

/** All versions of all objects in an account's folder of a bucket, page by page. */
export async function* versionsOf(
  { s3 }: Pick<Stores, 's3'>,
  bucket: string,
  account: string,
): AsyncGenerator<Version[]> {
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `${account}/`, ...next }),
    );
    const objects = (page.Versions ?? []).map((one) => ({ ...one, isCurrent: one.IsLatest === true }));
    const marks = (page.DeleteMarkers ?? []).map((one) => ({ ...one, isCurrent: false }));
    yield [...objects, ...marks].flatMap(({ Key, VersionId, isCurrent }) =>
      Key === undefined ? [] : [{ bucket, key: Key, versionId: VersionId, isCurrent }],
    );
    next = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
}

/** Deletes versions permanently. */
export async function deleteVersions({ s3 }: Pick<Stores, 's3'>, versions: readonly Version[]): Promise<void> {
  await inParallel(versions, async ({ bucket, key, versionId }) => {
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
  });
}

/** Tags current objects for the bucket's lifecycle; older versions expire by themselves. */
export async function tagRetention({ s3 }: Stores, versions: readonly Version[], tag: number | string): Promise<void> {
  const Tagging = { TagSet: [{ Key: RETENTION_TAG, Value: String(tag) }] };
  const current = versions.filter(({ isCurrent }) => isCurrent);
  await inParallel(current, async ({ bucket, key }) => {
    try {
      await s3.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging }));
    } catch (error) {
      // Deleted in this moment.
      if (!(error instanceof S3ServiceException && error.name === 'NoSuchKey')) throw error;
    }
  });
}
