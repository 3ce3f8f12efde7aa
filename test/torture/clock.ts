/** Loaded into a process before everything else: its wall clock is as far off as the file TORTURE_CLOCK says, in ms. */
import { readFileSync } from 'node:fs';

const RealDate = Date;
const file = process.env.TORTURE_CLOCK;

function shift(): number {
  try {
    return file === undefined ? 0 : Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

globalThis.Date = new Proxy(RealDate, {
  construct(target, args: unknown[], newTarget) {
    return Reflect.construct(target, args.length === 0 ? [RealDate.now() + shift()] : args, newTarget);
  },
  get(target, name, receiver) {
    if (name === 'now') return () => RealDate.now() + shift();
    return Reflect.get(target, name, receiver);
  },
});
