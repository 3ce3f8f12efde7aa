/**
 * The Lambda that receives S3's notifications of uploads: real pictures go to the production bucket, what is known of
 * them to DynamoDB. Read lib/ingest/ingest-object.ts next.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { clientsFrom } from './lib/clients';
import { faceEngine } from './lib/faces/engines';
import { handlerOf } from './lib/ingest/handler';
import { KnownInstances } from './lib/ingest/known-instances';
import { People } from './lib/ingest/people';
import { filmOf } from './lib/ingest/video-frames';
import { labelEngine } from './lib/labels/engines';
import { LabelTurns } from './lib/labels/turns';
import { Inspector } from './lib/media/inspector';
import { settingsFrom } from './lib/settings';
import { Table } from './lib/table/table';

const settings = settingsFrom(process.env);
const { s3, documents } = clientsFrom(process.env);
const table = new Table(documents, settings.tableName);
const inspector = new Inspector();
inspector.start();
// Loading begins with the process and not with the first picture: Lambda gives the init phase a whole processor.
const ready = Promise.all([faceEngine(settings.faces), labelEngine(settings.labels)]).then(([engine, labels]) =>
  handlerOf(
    {
      settings,
      s3,
      table,
      inspector,
      film: filmOf,
      instances: new KnownInstances(),
      faces: engine && { engine, people: new People(table, engine) },
      labels: labels && { engine: labels, turns: new LabelTurns() },
    },
    {
      logger: new Logger({ serviceName: 'ingest' }),
      metrics: new Metrics({ namespace: 'Kerberos', serviceName: 'ingest' }),
      now: Date.now,
    },
  ),
);

/** Handles notifications of S3, from S3, SQS or EventBridge. */
export async function handler(event: unknown, context: Context): Promise<SQSBatchResponse | undefined> {
  const handle = await ready;
  return await handle(event, context);
}
