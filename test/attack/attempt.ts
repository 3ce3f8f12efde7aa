/** What an attack is made of: attempts of a category, each of which should be held off, and a control that should not. */

/** One try to get at something. */
export interface Attempt {
  /** Which; no two of a category are the same. */
  readonly what: string;
  /**
   * Tries it. Gives what got through, for a person to read; undefined: nothing did.
   * @throws Unanswered where the cloud gave no answer within its time limit
   */
  run(): Promise<string | undefined>;
}

/**
 * The cloud did not answer: the time limit passed, or the connection broke. Nobody got in by that, so it is not "through".
 * But on an idle machine nothing that an attacker sends may have this effect, so `runCategory` tries again when nothing
 * else is under way, and counts what is still not answered.
 */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
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
  /** What the cloud did not answer, not even alone. */
  readonly unanswered: readonly string[];
  /** Whether the attack could have noticed that something gets through. */
  readonly isControlled: boolean;
}

/** Attempts at a time. */
const AT_ONCE = 8;
/** How often an attempt is made alone before it counts as not answered. */
const ALONE = 3;

/** Makes the attempts of a category, all of them or a share, and looks at what became of each. */
export async function runCategory(category: Category, attempts: readonly Attempt[]): Promise<Outcome> {
  const through: string[] = [];
  const unanswered: string[] = [];
  const again: Attempt[] = [];
  const before = await category.control();
  const left = [...attempts];
  const make = async (attempt: Attempt): Promise<Unanswered | undefined> => {
    try {
      const got = await attempt.run();
      if (got !== undefined) through.push(`${attempt.what}: ${got}`);
    } catch (error) {
      if (error instanceof Unanswered) return error;
      // An attempt that cannot even be made has shown nothing, so it counts against us.
      through.push(`${attempt.what}: could not be made: ${String(error)}`);
    }
    return undefined;
  };
  const worker = async () => {
    for (let attempt = left.pop(); attempt; attempt = left.pop()) if (await make(attempt)) again.push(attempt);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const attempt of again) {
    let reason: Unanswered | undefined;
    for (let turn = 0; turn < ALONE && (turn === 0 || reason); turn++) reason = await make(attempt);
    if (reason) unanswered.push(`${attempt.what}: ${reason.message}`);
  }
  const after = await category.aftermath?.();
  if (after !== undefined) through.push(after);
  return {
    name: category.name,
    tries: attempts.length,
    through,
    unanswered,
    isControlled: before && (await category.control()),
  };
}

/** The attempts with names of their own: of those that are the same by chance, one. */
export function distinct(attempts: readonly Attempt[]): Attempt[] {
  return [...new Map(attempts.map((attempt) => [attempt.what, attempt])).values()];
}
