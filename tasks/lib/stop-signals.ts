/**
 * The signals that stop a running task: SIGTERM from a service manager, SIGINT from Ctrl-C, and SIGHUP from a terminal
 * that closes.
 */
import { closeSync, constants, openSync } from 'node:fs';

/**
 * Ms within which a repeated signal counts as the same: npm and systemd pass a signal on to processes that have it
 * already.
 */
const SAME_MOMENT = 500;

/** Options of `onStop`. */
export interface StopOptions {
  /**
   * Called for SIGHUP when the process has no terminal, as in a daemon that reads its settings again. Without it, or
   * with a terminal, SIGHUP means stop.
   */
  readonly reload?: () => void;
  /** Called before the process ends at once. */
  readonly abandon?: () => void;
}

/**
 * Calls `stop` once, at the first signal. Another SIGINT or SIGHUP that comes clearly later ends the process at once,
 * with 128 plus the number of the signal. SIGTERM does not, because service managers repeat it.
 */
export function onStop(stop: (signal: NodeJS.Signals) => void, { reload, abandon }: StopOptions = {}): void {
  const stopsAtHangup = reload === undefined || hasTerminal();
  let since: number | undefined;
  const asked = (signal: NodeJS.Signals, number: number) => {
    if (since === undefined) {
      since = performance.now();
      stop(signal);
    } else if (signal !== 'SIGTERM' && performance.now() - since > SAME_MOMENT) {
      abandon?.();
      process.exit(128 + number);
    }
  };
  process.on('SIGTERM', () => asked('SIGTERM', 15));
  process.on('SIGINT', () => asked('SIGINT', 2));
  process.on('SIGHUP', () => (stopsAtHangup ? asked('SIGHUP', 1) : reload?.()));
  // Writes to a closed terminal fail. That must not interrupt the shutdown.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/**
 * Whether this process belongs to a terminal, even if its input and output are redirected: it then gets SIGHUP when the
 * terminal closes. False for a service, and after setsid(1).
 */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
