/**
 * The options of each task, the check of the options that were typed, and their help.
 *
 * Grunt accepts any option and does not report unknown ones: `--dry-run` would upload, and `--onse` would run for ever.
 * The options of `sync` come from the table of settings; the other tasks' options are declared here.
 */
import { distance } from 'fastest-levenshtein';
import { printable } from './printable';
import { isRecord } from './record';
import { flaggedSettings } from './settings/table';
import type { TaskName } from './task-names';

/** An option of a task as it is typed: `--json`, `--file=NAME`, `--no-write`. */
export interface TaskOption {
  /** Without dashes and without `no-`. */
  readonly name: string;
  /** The value's name in the help; absent for an option without a value. */
  readonly placeholder?: string;
  /** Whether it is typed as `--no-name`. */
  readonly isNegated?: boolean;
  readonly help: string;
}

const DEFAULTS: TaskOption = {
  name: 'defaults',
  placeholder: 'FILE',
  help: 'the settings file of the service; /etc/default/cloud by default, --no-defaults for none',
};
const JSON_OUTPUT: TaskOption = { name: 'json', help: 'answer in JSON, for programs' };
const DATA: TaskOption = { name: 'data', placeholder: 'DIR', help: 'where everything is kept; .cloud by default' };
const PORT: TaskOption = { name: 'port', placeholder: 'N', help: 'port of the S3; 0 for any free one' };

const SETTINGS: readonly TaskOption[] = flaggedSettings().map(({ flag, placeholder, help, defaultHelp }) => ({
  name: flag,
  placeholder: placeholder ?? 'VALUE',
  help: `${help}${defaultHelp === '–' ? '' : ` (default: ${defaultHelp})`}`.replaceAll('`', ''),
}));

/** The options of each task, beside Grunt's own. */
export const TASK_OPTIONS = {
  sync: [
    { name: 'once', help: 'one pass over what is there; ends with 3 where something is left behind' },
    { name: 'write', isNegated: true, help: 'say what would be uploaded, and upload nothing' },
    ...SETTINGS,
  ],
  check: [JSON_OUTPUT, DEFAULTS, ...SETTINGS],
  status: [
    { name: 'file', placeholder: 'NAME', help: 'where that picture is on its way' },
    JSON_OUTPUT,
    DEFAULTS,
    ...SETTINGS,
  ],
  cloud: [
    PORT,
    { name: 'app-port', placeholder: 'N', help: 'port of the cloud application; 0 for any free one' },
    { name: 'quota', placeholder: 'BYTES', help: 'room of one account, such as 20GB; by default half of the disk' },
    DATA,
  ],
  demo: [PORT, { ...DATA, help: 'where everything is kept; by default a temporary folder, removed at the end' }],
  replay: [DATA],
} as const satisfies Record<TaskName, readonly TaskOption[]>;

/** Options of other programs that people may try, and ours that does the same. */
const KNOWN_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['dry-run', '--no-write'],
  ['dryrun', '--no-write'],
  ['bwlimit', '--limit-rate'],
  ['endpoint-url', '--endpoint'],
]);

/** The largest edit distance of a misspelling; a third of a long word may be wrong. */
const NEAR = 2;

/** The command line as Grunt parsed it. */
export interface CommandLine {
  /** Everything typed after `grunt`. */
  readonly args: readonly string[];
  /** The tasks, with their arguments: `sync:front`. */
  readonly tasks: readonly string[];
  /** The options, without dashes and `no-`. */
  readonly options: readonly string[];
  /** The names of Grunt's own options. */
  readonly known: readonly string[];
}

/** The command line in `grunt.cli`, which Grunt's types do not declare. `argv` is that of the process. */
export function commandLineOf(cli: unknown, argv: readonly string[]): CommandLine {
  const of = (name: string): unknown => (typeof cli === 'function' ? Reflect.get(cli, name) : undefined);
  const tasks = of('tasks');
  return {
    args: argv.slice(2),
    tasks: Array.isArray(tasks) ? tasks.map(String) : [],
    options: namesIn(of('options')),
    known: namesIn(of('optlist')),
  };
}

/** Our tasks that were asked for. `named` maps the name of a task in this Gruntfile to the task. */
export function tasksAskedFor({ tasks }: CommandLine, named: ReadonlyMap<string, TaskName>): TaskName[] {
  const asked = tasks.flatMap((task) => named.get(task.split(':')[0] ?? '') ?? []);
  return [...new Set(asked)];
}

/**
 * One line for each typed option that `tasks` do not take, with the option that was probably meant. With `isShared`
 * (another project's Gruntfile, which may have options of its own) only misspellings of our options count.
 */
export function wrongOptions(
  tasks: readonly TaskName[],
  { args, options: typed, known }: CommandLine,
  isShared = false,
): string[] {
  if (tasks.length === 0) return [];
  const options = tasks.flatMap((task): readonly TaskOption[] => TASK_OPTIONS[task]);
  const mine = new Set<string>([...known, ...options.map(({ name }) => name)]);
  // A Gruntfile may also set options by itself. Those were not typed.
  const isTyped = (name: string) => args.some((arg) => arg.replace(/^-+(no-)?/, '').split('=')[0] === name);
  return typed
    .filter((name) => isTyped(name) && !mine.has(name))
    .flatMap((name) => {
      const meant = meantBy(name, options, known);
      if (meant === undefined && isShared) return [];
      const what = `--${printable(name)} is no option of grunt ${tasks.join(' ')}`;
      return meant === undefined
        ? `${what}: grunt ${tasks[0]} --help lists them. Nothing was done.`
        : `${what}: did you mean ${meant}? Nothing was done.`;
    });
}

function meantBy(name: string, options: readonly TaskOption[], known: readonly string[]): string | undefined {
  const elsewhere = KNOWN_ELSEWHERE.get(name.toLowerCase());
  const elsewhereIsMine = options.find((option) => elsewhere === typedAs(option));
  if (elsewhereIsMine !== undefined) return typedAs(elsewhereIsMine);
  const candidates = [...options, ...known.map((each): TaskOption => ({ name: each, help: '' }))];
  const near = candidates
    .map((option) => ({ option, apart: distance(name.toLowerCase(), option.name) }))
    .filter(({ option, apart }) => apart <= Math.max(NEAR, Math.floor(option.name.length / 3)))
    .filter(({ option, apart }) => apart < option.name.length - 1)
    .sort((a, b) => a.apart - b.apart)[0];
  return near && typedAs(near.option);
}

function typedAs({ name, isNegated }: TaskOption): string {
  return `--${isNegated ? 'no-' : ''}${name}`;
}

/**
 * The help of these tasks: a heading for each task, a line for each option. `nameOf` gives the task's name in this
 * Gruntfile.
 */
export function helpLines(tasks: readonly TaskName[], nameOf: (task: TaskName) => string = (task) => task): string[] {
  return tasks.flatMap((task) => {
    const options = TASK_OPTIONS[task].map((option: TaskOption) => ({
      typed: typedAs(option) + (option.placeholder === undefined ? '' : `=${option.placeholder}`),
      help: option.help,
    }));
    const width = Math.max(...options.map(({ typed }) => typed.length));
    return [
      `grunt ${nameOf(task)}${task === 'sync' || task === 'check' ? '[:TARGET]' : ''}`,
      ...options.map(({ typed, help }) => `  ${typed.padEnd(width)}  ${help}`),
      '',
    ];
  });
}

function namesIn(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : [];
}
