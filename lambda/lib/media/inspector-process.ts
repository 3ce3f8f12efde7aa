/**
 * The process that decodes pictures, for inspector.ts: receives a picture, and answers what was found or why it is
 * refused. It has no credentials and knows no bucket. Started as `node inspector-process.js` by a parent.
 */
import { decode, thumbnail } from './image';
import type { Answer, Request } from './inspector';
import { Refused } from './refused';

// Without its parent the process is useless. An orderly exit waits for the image library's threads, which may never end.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C and a service manager's stop signal all processes at once; the parent decides when this one ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', (request: Request) => void answer(request));
process.send?.({ state: 'ready' } satisfies Answer);

async function answer({ file, kind, maxPixels, wantsPixels }: Request): Promise<void> {
  process.send?.(await look(Buffer.from(file.buffer, file.byteOffset, file.length), kind, maxPixels, wantsPixels));
}

async function look(file: Buffer, kind: Request['kind'], maxPixels: number, wantsPixels: boolean): Promise<Answer> {
  try {
    const { upright, ...shape } = await decode(file, kind, maxPixels);
    const found = { kind, ...shape, thumbnail: await thumbnail(upright) };
    return { state: 'found', found: wantsPixels ? { ...found, upright } : found };
  } catch (error) {
    if (error instanceof Refused) return { state: 'refused', reason: error.reason, message: error.message };
    return { state: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
