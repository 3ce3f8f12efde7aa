/**
 * The machinery as a process of its own, which can be killed: `node process.js OPTIONS`, the options as JSON. Lines
 * come in on standard input (`motion`: something moves; `save`: the web interface saves), and go out as JSON for each
 * finished event. SIGTERM, and the end of standard input, end it when what it writes is finished.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { isRecord } from '../record';
import { Machinery, type MachineryOptions } from './machinery';

/** An event that the machinery has finished, at the moment of its last byte. */
export interface FinishedEvent {
  readonly name: string;
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

async function main(text: string): Promise<void> {
  const options: unknown = JSON.parse(text);
  if (!isOptions(options)) throw new Error('The options of the machinery lack something.');
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  process.on('SIGINT', () => stop.abort());
  const machinery = new Machinery(options, tell, stop.signal);
  const commands = createInterface({ input: process.stdin });
  commands.on('line', (line) => {
    if (line === 'motion') machinery.motion();
    if (line === 'save') void machinery.save();
  });
  commands.on('close', () => stop.abort());
  await machinery.run();
  commands.close();
}

async function tell(path: string): Promise<void> {
  // The clean-up may have been faster.
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const event: FinishedEvent = { name: basename(path), path, size: bytes.length, sha256 };
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function isOptions(value: unknown): value is MachineryOptions {
  if (!isRecord(value) || typeof value.config !== 'string' || typeof value.convertEvery !== 'number') return false;
  return isRecord(value.picture) && isRecord(value.film);
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
