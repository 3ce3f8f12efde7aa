import type { RawRequest } from '../lib/cloud/support';
import type { Attempt } from './attempt';
import type { Target } from './target';

/** A request that the bucket should refuse. */
export function refused(target: Target, what: string, make: () => Promise<RawRequest> | RawRequest): Attempt {
  return {
    what,
    run: async () => {
      const { status, body } = await target.bucket(await make());
      if (status >= 500 && status !== 501) return `${status}: it failed`;
      return status < 400 ? `${status} ${body.toString().slice(0, 200)}` : undefined;
    },
  };
}
