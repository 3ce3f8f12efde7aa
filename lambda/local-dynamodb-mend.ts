/**
 * Repairs the local DynamoDB's files. They are LevelDB's, and one damaged file would keep the database from starting,
 * or end it whenever the file is read. So all files are read before it starts. Damaged ones are copied aside and
 * repaired: what can still be read stays.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
  values(): AsyncIterable<unknown>;
}

interface LevelClass {
  new (path: string, options: { valueEncoding: 'buffer' }): Level;
  repair(path: string): Promise<void>;
}

// dynalite's own copy, found in the way that dynalite finds it.
const ofDynalite = createRequire(createRequire(__filename).resolve('dynalite'));
const { ClassicLevel }: { ClassicLevel: LevelClass } = createRequire(ofDynalite.resolve('level'))('classic-level');

/**
 * Reads all files of a database, and repairs the database if one is damaged.
 *
 * @returns what it did, for a person; `undefined` if there was nothing to do.
 * @throws Error if another process has the database open, or it cannot be repaired.
 */
export async function mend(path: string): Promise<string | undefined> {
  if (!existsSync(path)) return undefined;
  const names = readdirSync(path);
  // Without CURRENT, LevelDB would begin a new database beside the existing tables.
  const isHeadless = !names.includes('CURRENT') && names.some((name) => /^MANIFEST|\.ldb$/.test(name));
  const damage = isHeadless ? 'CURRENT is missing' : await damageOf(path);
  if (damage === undefined) return undefined;
  const aside = unused(`${path}.damaged`);
  cpSync(path, aside, { recursive: true });
  await ClassicLevel.repair(path);
  const left = await damageOf(path);
  if (left !== undefined)
    throw new Error(`${path} is damaged (${left}) and cannot be repaired. A copy is in ${aside}.`);
  return `The database was damaged (${damage}). What could be read of it goes on; it is as it was in ${aside}.`;
}

/**
 * What is wrong with a database; `undefined` if nothing is.
 *
 * @throws Error if another process has it open.
 */
async function damageOf(path: string): Promise<string | undefined> {
  const level = new ClassicLevel(path, { valueEncoding: 'buffer' });
  try {
    await level.open();
    for await (const _ of level.values());
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') throw cause;
    return cause instanceof Error ? cause.message : String(cause);
  } finally {
    await level.close();
  }
}

function unused(wanted: string): string {
  let path = wanted;
  for (let count = 2; existsSync(path); count++) path = `${wanted}.${count}`;
  return path;
}
