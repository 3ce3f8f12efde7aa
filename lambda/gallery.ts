/**
 * The Lambda of the cloud application: it serves the page, and its API, to a Function URL. Read lib/gallery/app.ts
 * next.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { clientsFrom } from './lib/clients';
import { discardPrints } from './lib/faces/discard';
import { gallerySettingsFrom } from './lib/gallery/gallery';
import { galleryHandler } from './lib/gallery/handler';
import { Table } from './lib/table/table';

const settings = gallerySettingsFrom(process.env);
const { s3, documents } = clientsFrom(process.env);
const logger = new Logger({ serviceName: 'gallery' });

/** Handles a request to the Function URL (payload 2.0). */
export const handler = galleryHandler({
  settings,
  s3,
  table: new Table(documents, settings.tableName),
  discard: discardPrints(),
  now: Date.now,
  log: (error) => logger.error('failed', { error: error instanceof Error ? error : String(error) }),
});
