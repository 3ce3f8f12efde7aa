/**
 * The signals that end a task which runs until it is told to stop: SIGTERM from a service manager, SIGINT from Ctrl-C, and
 * SIGHUP from a terminal that closes.
 */
import { closeSync, constants, openSync } from 'node:fs';

/** A signal may come twice for one key press or one stop: npm and systemd pass it on to who has it already. In ms. */
const SAME_MOMENT = 500;

export interface StopOptions {
  /**
   * What SIGHUP means where no terminal is: with it, this is called, as for a daemon that reads its settings again.
   * Without it, and on a terminal, SIGHUP is a reason to stop.
   */
  readonly reload?: () => void;
  /** Called before the process ends at once. */
  readonly abandon?: () => void;
}

/**
 * Calls `stop` once, at the first signal. A second Ctrl-C (or closing of the terminal) that comes later than the first ends
 * the process at once, with 128 and the number of the signal; SIGTERM never does, since service managers repeat it.
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
  // A terminal that has closed fails every write; the end must not break off over it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/**
 * Whether this process belongs to a terminal, also where its input and output go elsewhere: it hears SIGHUP when that
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
