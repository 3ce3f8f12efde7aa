/** Foreign programs: whether they are on this machine, and what they say. */
import { execFile, spawnSync } from 'node:child_process';

export interface Outcome {
  /** Exit status; null where it was killed. */
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

/** The first of these programs that is not on this machine, or undefined where all are. */
export function missingProgram(...names: string[]): string | undefined {
  return names.find((name) => spawnSync('sh', ['-c', `command -v "${name}"`]).status !== 0);
}

/** Runs a program to its end. It is not an error that it fails: refusals are what is tested. */
export function run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 ** 2, timeout: 60_000 },
      (_error, stdout, stderr) => resolve({ status: child.exitCode, stdout, output: `${stdout}\n${stderr}` }),
    );
  });
}
