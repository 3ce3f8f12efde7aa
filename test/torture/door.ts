/** The door: two accounts and a stolen device key, at a `grunt cloud` of its own, against every parameter there is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Random } from './random';
import { type Row, rowOf } from './table';

const ATTACK = join(__dirname, '..', 'attack', 'attack.js');

/**
 * Makes the attempts of `npm run attack`: all of them where there are ten minutes or more, a sample otherwise. Whatever it
 * finds is printed, and counts as somebody let in.
 */
export async function doorRow(name: string, random: Random, minutes: number): Promise<Row> {
  const seed = random.between(1, 1e9);
  const attack = spawn(process.execPath, [ATTACK, `--seed=${seed}`, ...(minutes < 10 ? ['--short'] : [])]);
  let said = '';
  for (const stream of [attack.stdout, attack.stderr]) {
    stream.on('data', (text: Buffer) => {
      said += text;
    });
  }
  const [code]: (number | null)[] = await once(attack, 'close');
  // The rows of its table: name, tries, through, unanswered, control.
  const rows = [...said.matchAll(/^\S.*?\s+(\d+)\s+(\d+)\s+(\d+)\s+(?:gets in|FAILED)$/gm)].map((row) =>
    row.slice(1).map(Number),
  );
  const sum = (at: number) => rows.reduce((total, row) => total + (row[at] ?? 0), 0);
  const letIn = sum(1) + sum(2);
  if (code !== 0) console.log(`--- ${name}, seed ${seed}\n${said}`);
  return { ...rowOf(name), rounds: 1, struck: sum(0), broken: code === 0 ? letIn : Math.max(1, letIn) };
}
