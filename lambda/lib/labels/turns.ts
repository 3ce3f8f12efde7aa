/**
 * Which pictures labels are looked for in. A windy day has thousands of pictures a few seconds apart, and one or two of a
 * burst tell what it shows: of each camera one is looked at in ten seconds. Each Lambda counts for itself.
 */

/** At least this much lies between two pictures of a camera that are looked at, in milliseconds. */
const DISTANCE_MS = 10_000;

/** Of more cameras than this the ones seen least lately are forgotten: their next picture is looked at. */
const MOST_CAMERAS = 1000;

/** Remembers of each camera which picture was looked at last, by the camera's clock. */
export class LabelTurns {
  readonly #last = new Map<string, number>();

  /** Whether it is a picture's turn; if so, those beside it have to wait. */
  take(account: string, instance: string, time: Date): boolean {
    const camera = JSON.stringify([account, instance]);
    const last = this.#last.get(camera);
    // A camera's clock may jump, and pictures come in any order.
    if (last !== undefined && Math.abs(time.getTime() - last) < DISTANCE_MS) return false;
    this.#last.delete(camera);
    this.#last.set(camera, time.getTime());
    const [oldest] = this.#last.keys();
    if (this.#last.size > MOST_CAMERAS && oldest !== undefined) this.#last.delete(oldest);
    return true;
  }
}
