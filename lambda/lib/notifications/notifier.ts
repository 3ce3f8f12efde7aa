import type { S3Client } from '@aws-sdk/client-s3';
import type { Reach } from '../public-address';
import { required } from '../settings';
import type { Table } from '../table/table';

/** What the notify function is told by its environment (template.yaml). */
export interface NotifySettings {
  /** Where verified pictures are. */
  productionBucket: string;
  tableName: string;
  /** Where the page is, without a slash at its end. */
  appUrl: string;
  reach: Reach;
  /** How mail is sent; undefined: not at all. */
  mail: { from: string } | { directory: string } | undefined;
}

/** Sends a mail, as a whole: headers, text and picture. @throws Error */
export type SendMail = (mail: { id: string; raw: Buffer; from: string; to: string }) => Promise<void>;

/** What the notify function works with. */
export interface Notifier {
  settings: NotifySettings;
  s3: S3Client;
  table: Table;
  /** Undefined where there is no mail. */
  sendMail: SendMail | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Told of what went wrong, for whoever runs the cloud. */
  log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Reads the settings from an environment. @throws Error that names the variable that is missing */
export function notifySettingsFrom(env: NodeJS.ProcessEnv): NotifySettings {
  return {
    productionBucket: required(env, 'PRODUCTION_BUCKET'),
    tableName: required(env, 'TABLE_NAME'),
    appUrl: required(env, 'APP_URL').replace(/\/$/, ''),
    reach: { loopback: env.LOOPBACK === 'allowed' },
    mail: env.MAIL_DIRECTORY ? { directory: env.MAIL_DIRECTORY } : env.MAIL_FROM ? { from: env.MAIL_FROM } : undefined,
  };
}
