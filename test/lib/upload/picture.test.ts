import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { UNREADABLE } from '../../../tasks/lib/upload/fingerprint';
import { openPicture, peek } from '../../../tasks/lib/upload/picture';

/** A file of the kernel's that opens like any other, and whose reading fails: with EINVAL, as a broken disk's with EIO. */
const BROKEN = '/sys/class/net/lo/speed';

describe('A file whose reading fails', () => {
  before(function () {
    if (!existsSync(BROKEN)) this.skip();
  });

  it('is left for the upload to say why, at a quick look', () => {
    expect(peek(BROKEN, 'jpeg')).to.deep.equal({ is: 'maybe-finished', fingerprint: UNREADABLE });
  });

  it('is no picture that was found empty, unfinished or gone: the reason is thrown', async () => {
    const error: unknown = await openPicture(BROKEN, 'jpeg').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: 'EINVAL', syscall: 'read' });
  });
});
