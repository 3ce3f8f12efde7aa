import { expect } from 'chai';
import { RateLimit } from '../../../tasks/lib/bucket/rate-limit';

describe('RateLimit', () => {
  it('lets all uploads together send no more than its bytes a second', async () => {
    const limit = new RateLimit(1_000_000);
    const begun = performance.now();
    const uploads = Array.from({ length: 4 }, async () => {
      let sent = 0;
      for await (const slice of limit.pace(Buffer.alloc(100_000))) sent += slice.length;
      return sent;
    });
    expect(await Promise.all(uploads)).to.deep.equal([100_000, 100_000, 100_000, 100_000]);
    // 0.4 s at the rate, less the tenth of a second that may come at once.
    expect(performance.now() - begun).to.be.within(280, 1500);
  });

  it('gives up when its upload is aborted', async () => {
    const limit = new RateLimit(1000);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 10);
    const error = await (async () => {
      for await (const slice of limit.pace(Buffer.alloc(100_000), abort.signal)) void slice;
    })().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error).with.property('name', 'AbortError');
  });
});
