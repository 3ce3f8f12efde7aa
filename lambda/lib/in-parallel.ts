/** So many requests are made at once. */
const AT_ONCE = 16;

/** Does the same with each of many, some at a time. Rejects with the first failure; what was begun goes on. */
export async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all].reverse();
  const worker = async () => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
