/** Prints each promise with what was seen of it, and counts. */

export class Report {
  passed = 0;
  failed = 0;

  /** `details` is printed below a promise that was not kept. */
  constructor(readonly details: () => Promise<string>) {}

  /** One promise: `seen` resolves with the evidence, or rejects with what is wrong. Never rejects itself. */
  readonly check = async (promise: string, seen: () => Promise<string>): Promise<void> => {
    const since = Date.now();
    try {
      const evidence = await seen();
      this.passed++;
      console.log(`✓ ${promise}\n    ${evidence.replace(/\n/g, '\n    ')} (${seconds(since)})`);
    } catch (error) {
      this.failed++;
      console.log(`✗ ${promise}\n    ${error instanceof Error ? error.message : error} (${seconds(since)})`);
      console.log((await this.details()).replace(/^/gm, '    | '));
    }
  };
}

/** The time since `since` (as of Date.now()), in words. */
export function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** Throws `otherwise`, what was seen instead, if `fact` is not so. */
export function assert(fact: boolean, otherwise: string): void {
  if (!fact) throw new Error(otherwise);
}
