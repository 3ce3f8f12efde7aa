import type { S3Client } from '@aws-sdk/client-s3';
import type { FaceEngine } from '../faces/engine';
import type { LabelEngine } from '../labels/engine';
import type { LabelTurns } from '../labels/turns';
import type { Inspector } from '../media/inspector';
import type { Settings } from '../settings';
import type { Table } from '../table/table';
import type { KnownInstances } from './known-instances';
import type { People } from './people';
import type { filmOf } from './video-frames';

/** The services that ingest uses. */
export interface Cloud {
  settings: Settings;
  s3: S3Client;
  table: Table;
  inspector: Inspector;
  /** Decodes the frames of videos. */
  film: typeof filmOf;
  instances: KnownInstances;
  /** Undefined when faces are off. */
  faces: { engine: FaceEngine; people: People } | undefined;
  /** Undefined when labels are off. */
  labels: { engine: LabelEngine; turns: LabelTurns } | undefined;
}
