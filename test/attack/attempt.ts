/** What an attack is made of: attempts of a category, each of which should be held off, and a control that should not. */

/** One try to get at something. */
export interface Attempt {
  /** Which; no two of a category are the same. */
  readonly what: string;
  /** Tries it. Gives what got through, for a person to read; undefined: nothing did. */
  run(): Promise<string | undefined>;
}

/** A kind of attack. */
export interface Category {
  readonly name: string;
  /** So many different attempts at least. */
  readonly least: number;
  readonly attempts: readonly Attempt[];
  /** The same way with the right credentials, or a harmless file: whether that gets through. */
  control(): Promise<boolean>;
  /** Looks, after all attempts, at what one of them may have changed. Gives what got through. */
  aftermath?(): Promise<string | undefined>;
}

/** What became of a category. */
export interface Outcome {
  readonly name: string;
  readonly tries: number;
  /** What got through. */
  readonly through: readonly string[];
  /** Whether the attack could have noticed that something gets through. */
  readonly isControlled: boolean;
}

/** Attempts at a time. */
const AT_ONCE = 8;

/** Makes the attempts of a category, all of them or a share, and looks at what became of each. */
export async function runCategory(category: Category, attempts: readonly Attempt[]): Promise<Outcome> {
  const through: string[] = [];
  const before = await category.control();
  const left = [...attempts];
  const worker = async () => {
    for (let attempt = left.pop(); attempt; attempt = left.pop()) {
      // An attempt that cannot even be made has shown nothing, so it counts against us.
      const got = await attempt.run().catch((error: unknown) => `could not be made: ${String(error)}`);
      if (got !== undefined) through.push(`${attempt.what}: ${got}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const after = await category.aftermath?.();
  if (after !== undefined) through.push(after);
  return {
    name: category.name,
    tries: attempts.length,
    through,
    isControlled: before && (await category.control()),
  };
}

/** The attempts with names of their own: of those that are the same by chance, one. */
export function distinct(attempts: readonly Attempt[]): Attempt[] {
  return [...new Map(attempts.map((attempt) => [attempt.what, attempt])).values()];
}
