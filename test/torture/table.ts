import type { Findings } from './world';

/** One line of the table: what a fault did, over all rounds. */
export interface Row {
  readonly name: string;
  readonly rounds: number;
  /** How often the fault was injected. */
  readonly struck: number;
  readonly written: number;
  readonly inBucket: number;
  /** Published or refused with a reason; for rows of the cloud. */
  readonly settled?: number;
  readonly lost: number;
  readonly twice: number;
  readonly torn: number;
  /** How often something that must hold at every moment did not, or somebody was let in who must not be. */
  readonly broken: number;
  /** The longest, in seconds, from the end of the trouble until everything was there. */
  readonly whole: number;
  /** Why there was no round. */
  readonly leftOut?: string;
}

/** A row, and what one more round adds to it. */
export function rowOf(name: string, before?: Row, struck = 0, findings?: Findings): Row {
  const row = before ?? {
    name,
    rounds: 0,
    struck: 0,
    written: 0,
    inBucket: 0,
    lost: 0,
    twice: 0,
    torn: 0,
    broken: 0,
    whole: 0,
  };
  if (!findings) return row;
  return {
    ...row,
    rounds: row.rounds + 1,
    struck: row.struck + struck,
    written: row.written + findings.written,
    inBucket: row.inBucket + findings.inBucket,
    lost: row.lost + findings.lost.length,
    twice: row.twice + findings.twice.length,
    torn: row.torn + findings.torn.length,
    broken: row.broken + findings.broken.length,
    whole: Math.max(row.whole, findings.secondsUntilWhole ?? Number.POSITIVE_INFINITY),
  };
}

const COLUMNS: readonly [string, (row: Row) => string][] = [
  ['fault', ({ name }) => name],
  ['rounds', ({ rounds }) => String(rounds)],
  ['injected', ({ struck }) => String(struck)],
  ['written', ({ written }) => String(written)],
  ['in the bucket', ({ inBucket }) => String(inBucket)],
  ['published or refused', ({ settled }) => (settled === undefined ? '' : String(settled))],
  ['lost', ({ lost }) => String(lost)],
  ['twice', ({ twice }) => String(twice)],
  ['torn', ({ torn }) => String(torn)],
  ['broken or let in', ({ broken }) => String(broken)],
  ['whole after', ({ whole }) => (Number.isFinite(whole) ? `${whole.toFixed(1)} s` : 'never')],
];

/** Prints the rows as a Markdown table, and the sums under it. */
export function printTable(rows: readonly Row[]): void {
  const played = rows.filter(({ leftOut }) => leftOut === undefined);
  const lines = [COLUMNS.map(([title]) => title), ...played.map((row) => COLUMNS.map(([, text]) => text(row)))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const [head = [], ...body] = lines.map(
    (line) => `| ${line.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  console.log(head);
  console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  for (const line of body) console.log(line);
  const sum = (of: (row: Row) => number) => played.reduce((total, row) => total + of(row), 0);
  for (const { name, leftOut } of rows) if (leftOut !== undefined) console.log(`LEFT OUT: ${name}: ${leftOut}`);
  console.log(
    `${played.length} faults, injected ${sum(({ struck }) => struck)} times: ${sum(({ written }) => written)} pictures written, ` +
      `${sum(({ lost }) => lost)} lost, ${sum(({ twice }) => twice)} twice, ${sum(({ torn }) => torn)} torn, ` +
      `${sum(({ broken }) => broken)} times broken or let in.`,
  );
}
