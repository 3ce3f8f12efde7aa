import type { S3Client } from '@aws-sdk/client-s3';
import type { DiscardPrints } from '../faces/discard';
import { type FacesSetting, facesSetting, required } from '../settings';
import type { Table } from '../table/table';

/** What the cloud application is told by its environment (see template.yaml). */
export interface GallerySettings {
  /** Where verified pictures are. */
  productionBucket: string;
  /** Where cameras put them. */
  uploadsBucket: string;
  /** The one DynamoDB table. */
  tableName: string;
  /** Which face engine runs. */
  faces: FacesSetting;
}

/** What the cloud application works with. */
export interface Gallery {
  settings: GallerySettings;
  s3: S3Client;
  table: Table;
  /** Has descriptors gone where a face engine keeps them. */
  discard: DiscardPrints;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Told of failures that the visitor is not to read. */
  log: (error: unknown) => void;
}

/** Reads the settings from an environment. Throws an Error that names the variable when one is missing. */
export function gallerySettingsFrom(env: NodeJS.ProcessEnv): GallerySettings {
  return {
    productionBucket: required(env, 'PRODUCTION_BUCKET'),
    uploadsBucket: required(env, 'UPLOADS_BUCKET'),
    tableName: required(env, 'TABLE_NAME'),
    faces: facesSetting(env.FACES || 'embedded'),
  };
}
