/**
 * The Lambda that tells owners: it sends what waits in the outbox, and looks whether cameras are gone. Read
 * lib/notifications/handler.ts next.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { clientsFrom } from './lib/clients';
import { notifyHandler } from './lib/notifications/handler';
import { mailBySes, mailToFolder } from './lib/notifications/mail';
import { notifySettingsFrom } from './lib/notifications/notifier';
import { Table } from './lib/table/table';

const settings = notifySettingsFrom(process.env);
const { s3, documents } = clientsFrom(process.env);
const logger = new Logger({ serviceName: 'notify' });
const { mail } = settings;

/** Handles a schedule's event, or a batch of the table's stream. */
export const handler = notifyHandler({
  settings,
  s3,
  table: new Table(documents, settings.tableName),
  sendMail: mail && ('directory' in mail ? mailToFolder(mail.directory) : mailBySes()),
  now: Date.now,
  log: (message, fields) => logger.warn(message, fields),
});
