import type { S3Client } from '@aws-sdk/client-s3';
import type { DiscardPrints } from '../faces/discard';
import { type FacesSetting, facesSetting, required } from '../settings';
import type { Table } from '../table/table';

/** The settings of the cloud application, from its environment (see template.yaml). */
export interface GallerySettings {
  /** The bucket for published files. */
  productionBucket: string;
  /** The bucket that cameras upload to. */
  uploadsBucket: string;
  /** The DynamoDB table. */
  tableName: string;
  /** The face engine. */
  faces: FacesSetting;
  /** Whether owners can be told by mail. */
  hasMail?: boolean;
  /** Whether webhooks may be on this machine. */
  loopback?: boolean;
}

/** What the cloud application works with. */
export interface Gallery {
  settings: GallerySettings;
  s3: S3Client;
  table: Table;
  /** Deletes descriptors that a face engine stores outside the table. */
  discard: DiscardPrints;
  /** Returns ms since 1970. */
  now: () => number;
  /** Receives failures that the visitor must not read. */
  log: (error: unknown) => void;
}

/**
 * Reads the settings from an environment.
 *
 * @throws Error that names a variable that is missing or wrong.
 */
export function gallerySettingsFrom(env: NodeJS.ProcessEnv): GallerySettings {
  return {
    productionBucket: required(env, 'PRODUCTION_BUCKET'),
    uploadsBucket: required(env, 'UPLOADS_BUCKET'),
    tableName: required(env, 'TABLE_NAME'),
    faces: facesSetting(env.FACES || 'embedded'),
    hasMail: env.MAIL === 'on',
    loopback: env.LOOPBACK === 'allowed',
  };
}
