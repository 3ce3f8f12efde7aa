/**
 * `npm run attack`: attacks a `grunt cloud` of its own, with two accounts and a stolen device key, and prints what held.
 *
 *     -- --seed=N      chance is the same for the same number; 1 where none is given
 *     -- --only=NAME   only categories whose names have this in them
 *     -- --short       a sample of each category, for every run of the tests
 *
 * It ends with 0 where nothing got through, where everything was answered, where each category has as many different attempts as it is to have, and where
 * the control of each, the same way with the right credentials, did get through.
 */
import { parseArgs } from 'node:util';
import { type Category, distinct, type Outcome, runCategory } from './attempt';
import { folders, signatures } from './bucket';
import { mp4Shapes, pngBombs, xmlShapes } from './files';
import { hostile } from './hostile';
import { lists, signedUrlsAndChunks } from './listing';
import { crossSite, cursors, gatePaths } from './page';
import { parameters } from './parameters';
import { Random } from './random';
import { services } from './services';
import { sessionTokens } from './sessions';
import { Target } from './target';

/** Of each category in the short form. */
const SAMPLE = 12;

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      short: { type: 'boolean' },
    },
  });
  const seed = Number(values.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed=${values.seed} is no whole number.`);
  const random = new Random(seed);
  const start = Date.now();
  const target = await Target.start();
  try {
    const estates = await target.accounts();
    const all: Category[] = [
      sessionTokens(target, estates, random),
      gatePaths(target, estates),
      crossSite(target, estates),
      cursors(target, estates, random),
      parameters(target, estates),
      signatures(target, estates, random),
      folders(target, estates),
      lists(target, estates),
      signedUrlsAndChunks(target, estates),
      services(target, estates),
      xmlShapes(target, estates),
      pngBombs(target, estates),
      mp4Shapes(target, estates, random),
      await hostile(target, estates),
    ];
    const chosen = all.filter(({ name }) => name.toLowerCase().includes(values.only.toLowerCase()));
    if (chosen.length === 0)
      throw new Error(`--only=${values.only} is in no name: ${all.map(({ name }) => name).join(', ')}.`);
    const faults: string[] = [];
    console.log(row(['what', 'tries', 'through', 'unanswered', 'control']));
    for (const category of chosen) {
      const attempts = distinct(category.attempts);
      if (attempts.length < category.least)
        faults.push(`${category.name}: only ${attempts.length} different attempts.`);
      const outcome = await runCategory(category, values.short ? random.sample(attempts, SAMPLE) : attempts);
      console.log(rowOf(outcome));
      faults.push(...faultsOf(outcome));
      if (!target.isRunning) throw new Error(`${category.name} ended the cloud:\n${target.output.slice(-3000)}`);
    }
    for (const fault of faults) console.error(fault);
    console.log(`seed ${seed}, ${Math.round((Date.now() - start) / 1000)} s`);
    return faults.length === 0;
  } finally {
    await target.stop();
  }
}

function faultsOf({ name, through, unanswered, isControlled }: Outcome): string[] {
  return [
    ...through.map((what) => `${name}: ${what}`),
    ...unanswered.map((what) => `${name}: not answered, not even alone: ${what}`),
    ...(isControlled ? [] : [`${name}: the control did not get through, so the attack has shown nothing.`]),
  ];
}

function rowOf({ name, tries, through, unanswered, isControlled }: Outcome): string {
  const counts = [tries, through.length, unanswered.length].map(String);
  return row([name, ...counts, isControlled ? 'gets in' : 'FAILED']);
}

function row([name = '', ...cells]: readonly string[]): string {
  return `${name.padEnd(30)}${cells.map((cell) => cell.padStart(12)).join('')}`;
}

main().then(
  (isSafe) => {
    process.exitCode = isSafe ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
