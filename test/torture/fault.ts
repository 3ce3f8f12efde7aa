import { spawnSync } from 'node:child_process';
import type { World } from './world';

/** One kind of trouble. */
export interface Fault {
  /** What the row of the table is called. */
  readonly name: string;
  /** Why it cannot be had on this machine; undefined where it can. */
  readonly missing?: () => string | undefined;
  /** Before `grunt sync` starts. */
  readonly prepare?: (world: World) => Promise<void>;
  /** Makes trouble for a few seconds, while the camera writes, and returns how often it struck. */
  readonly strike: (world: World) => Promise<number>;
  /** Puts right what does not come right by itself. Afterwards everything must get through. */
  readonly mend?: (world: World) => Promise<void>;
  /** How long (ms) it may take until everything is there; 60 s where nothing else is said. */
  readonly patience?: number;
}

/** What only root can do to a machine. */
export function needsRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'it takes root';
}

/** Why a program cannot be used: it is not on this machine. */
export function noProgram(name: string): string | undefined {
  const { status } = spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
  return status === 0 ? undefined : `there is no ${name}`;
}
