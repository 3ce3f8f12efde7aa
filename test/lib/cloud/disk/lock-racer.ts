/** Tries to take a lock whenever its parent says so, at the moment that it says. `node lock-racer.js FILE` */
import { lock } from '../../../../tasks/lib/cloud/disk/lock';

process.on('message', ({ at }: { at: number }) => {
  while (Date.now() < at);
  try {
    lock(process.argv[2] ?? '');
    process.send?.('held');
  } catch {
    process.send?.('not held');
  }
});
