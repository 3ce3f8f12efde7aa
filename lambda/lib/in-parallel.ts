/** The most calls that run at once. */
const AT_ONCE = 16;

/**
 * Calls `work` for each of `all`, at most `AT_ONCE` at a time.
 *
 * @throws the first failure; calls that have begun go on.
 */
export async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all].reverse();
  const worker = async () => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
