/**
 * Records the sign of life that `grunt sync` uploads every ten minutes, whether anything moved or not: it distinguishes
 * a camera in a quiet room from a dead one. It is no event, and is not counted.
 *
 * The device writes it, so nothing in it is trusted: sizes and types are bounded, and the time is S3's.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { readFolder } from '../table/account-item';
import { type Fields, fieldsOf } from '../table/fields';
import { type SignOfLife, writeSignOfLife } from '../table/instance-item';
import type { Table } from '../table/table';
import { openUpload } from './bucket';
import { type Origin, shortInstance } from './event';
import type { ObjectCreated } from './notification';

/** The largest sign of life, in bytes; `grunt sync` writes less. */
const LONGEST = 4096;
/** The longest version, in characters. */
const LONGEST_VERSION = 64;

/** Whether an object is a sign of life, by its key without the account. */
export function isSignOfLife(fileName: string): boolean {
  return /^\.kerberos-alive-[\w-]{1,64}\.json$/.test(fileName);
}

/**
 * Records a sign of life with its instance. Ignores one that cannot be read, or that belongs to no active account.
 *
 * @throws any error of S3 or DynamoDB.
 */
export async function recordSignOfLife(
  { s3, table }: { s3: S3Client; table: Table },
  upload: ObjectCreated,
  { account }: Origin,
): Promise<void> {
  if (account === '' || upload.size > LONGEST) return;
  const folder = await readFolder(table, account);
  if (folder === 'removed' || folder?.state === 'suspended') return;
  const said = await read(s3, upload);
  const instance = typeof said.instance === 'string' ? shortInstance(said.instance) : '';
  if (instance === '') return;
  await writeSignOfLife(table, account, instance, signOf(said, upload.time));
}

async function read(s3: S3Client, { bucket, key }: ObjectCreated): Promise<Fields> {
  const opened = await openUpload(s3, bucket, key);
  if (opened === undefined || opened.size > LONGEST) {
    opened?.close();
    return {};
  }
  const pieces: Buffer[] = [];
  for await (const piece of opened.pieces) pieces.push(piece);
  try {
    return fieldsOf(JSON.parse(Buffer.concat(pieces).toString()));
  } catch {
    return {};
  }
}

function signOf(said: Fields, at: Date): SignOfLife {
  const sinceCapture = numberIn(said.sinceCapture, 0, 1e9);
  return {
    at,
    queue: numberIn(said.queue, 0, 1e9),
    // An age, so that the camera's clock does not matter.
    lastCapture: sinceCapture === undefined ? undefined : new Date(at.getTime() - Math.round(sinceCapture * 1000)),
    freeDisk: numberIn(said.freeDisk, 0, 1e18),
    temperature: numberIn(said.temperature, -100, 300),
    uptime: numberIn(said.uptime, 0, 1e10),
    version: typeof said.version === 'string' ? said.version.slice(0, LONGEST_VERSION) : undefined,
  };
}

function numberIn(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && value >= least && value <= most ? value : undefined;
}
