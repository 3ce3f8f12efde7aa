/**
 * Finds the values of settings. There are four sources, of which the last with a value counts: the Kerberos
 * configuration, the target's options in the Gruntfile, the environment, the command line. Each value keeps its origin,
 * so that a complaint names the file and element, the option, the variable or the flag to correct.
 */
import { type Fact, tidy } from './fact';
import type { Setting, SyncOptions } from './table';

/** The sources beside the files of the Kerberos configuration. */
export interface SourceValues {
  /** The target of `grunt sync`. */
  target: string;
  options?: SyncOptions;
  env?: Readonly<Record<string, string | undefined>>;
  /** The `--name=value` options of the command line, as Grunt parses them: `{ bucket: 'x', 'limit-rate': '200k' }`. */
  flags?: Readonly<Record<string, unknown>>;
}

/** Reads settings from the sources of one target, and collects what is wrong with them. */
export class Sources {
  readonly #values: SourceValues;
  /** What is wrong with the values read so far, in words for the owner. */
  readonly problems: string[] = [];

  constructor(values: SourceValues) {
    this.#values = values;
  }

  readonly complain = (problem: string): void => {
    this.problems.push(problem);
  };

  /** The value of a setting: from the last source that has one, else from `xml`, else the default. */
  read<Value>(setting: Setting<Value> & { default: Value }, xml?: Fact): Value;
  read<Value>(setting: Setting<Value>, xml?: Fact): Value | undefined;
  read<Value>(setting: Setting<Value>, xml?: Fact): Value | undefined {
    const fact = this.find(setting, xml);
    return fact === undefined ? setting.default : setting.parse(fact, this.complain);
  }

  /** The text of a setting and its origin. */
  find(setting: Setting<unknown>, xml?: Fact): Fact | undefined {
    return this.findAll(setting, xml === undefined ? [] : [xml])[0];
  }

  /** The texts of a setting that may have several values; all come from one source. */
  findAll(setting: Setting<unknown>, xml: readonly Fact[] = []): readonly Fact[] {
    const sources = [this.ofFlag(setting), this.ofEnvironment(setting), this.ofOptions(setting)];
    return sources.find((facts) => facts.length > 0) ?? xml;
  }

  ofFlag({ flag, mayBeEmpty = false }: Setting<unknown>): readonly Fact[] {
    if (flag === undefined) return [];
    const value = this.#values.flags?.[flag];
    if (value === true) this.complain(`--${flag} needs a value: type --${flag}=…`);
    return factsOf(value, `--${flag}`, mayBeEmpty);
  }

  /** An empty variable counts as unset. */
  ofEnvironment({ env }: Setting<unknown>): readonly Fact[] {
    const variables = (env ?? []).flatMap((name) => factsOf(this.#values.env?.[name], name, false));
    return variables.slice(0, 1);
  }

  ofOptions({ option, mayBeEmpty = false }: Setting<unknown>): readonly Fact[] {
    if (option === undefined) return [];
    const options: Readonly<Record<string, unknown>> = this.#values.options ?? {};
    const value = options[option];
    const typed = typeof value === 'boolean' ? String(value) : value;
    return factsOf(typed, `option ${option} of target ${this.#values.target} in the Gruntfile`, mayBeEmpty);
  }
}

function factsOf(value: unknown, origin: string, mayBeEmpty: boolean): Fact[] {
  if (Array.isArray(value)) return value.flatMap((each) => factsOf(each, origin, mayBeEmpty));
  if (typeof value !== 'string' && typeof value !== 'number') return [];
  const text = tidy(String(value));
  return text !== '' || (mayBeEmpty && value === '') ? [{ value: text, origin }] : [];
}
