/** What a part of the benchmark has found. */

export interface Section {
  readonly title: string;
  /** What was measured, and how, in a sentence or two. */
  readonly how: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly goals: readonly Goal[];
}

/** A promise in numbers, and what became of it. */
export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** A goal that is a limit: `atMost` or `atLeast`. `measured` and the limit have the unit `unit`. */
export function limit(
  what: string,
  measured: number,
  { atMost, atLeast, unit = '', digits = 2 }: { atMost?: number; atLeast?: number; unit?: string; digits?: number },
): Goal {
  const isMet = (atMost === undefined || measured <= atMost) && (atLeast === undefined || measured >= atLeast);
  const sign = atMost === undefined ? '≥' : '≤';
  return { what, goal: `${sign} ${atMost ?? atLeast}${unit}`, measured: `${measured.toFixed(digits)}${unit}`, isMet };
}

/** A table of Markdown; the first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

/** The page of results. */
export function page(sections: readonly Section[], machine: readonly string[], command: string): string {
  const goals = sections.flatMap(({ goals }) => goals);
  const goalRows = goals.map(({ what, goal, measured, isMet }) => [what, goal, measured, isMet ? 'met' : '**missed**']);
  return [
    '# Results of the benchmark',
    `Written by \`${command}\`; a run overwrites it. Absolute numbers are of that machine, and of nothing else; what counts ` +
      'are the ratios, whose two sides ran in turn, on the same machine, against the same server.',
    '## The machine',
    machine.map((line) => `- ${line}`).join('\n'),
    '## How to read it',
    'The server is nginx as an S3 that stores nothing: it reads a body, then answers 200 with the ETag and, as Amazon does, ' +
      'the checksum that was sent. So a number is what the client costs, and no line. Times are those of the whole process, its ' +
      'start included; CPU is user and system time of all its processes and threads; each number is the median of the ' +
      'runs. A ratio is that of `grunt sync` to the peer: above 1 `grunt sync` has more of it.',
    ...(goals.length === 0 ? [] : ['## Goals', table(['what', 'goal', 'measured', ''], goalRows)]),
    ...sections.flatMap(({ title, how, head, rows }) => [`## ${title}`, how, table(head, rows)]),
    '',
  ].join('\n\n');
}
