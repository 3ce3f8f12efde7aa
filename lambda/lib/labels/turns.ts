/**
 * Chooses the pictures that are labelled. A windy day has thousands of pictures a few seconds apart, and one or two of
 * a burst show what there is: one picture of each camera is labelled in ten seconds. Each Lambda process chooses for
 * itself.
 */

/** Shortest time between two labelled pictures of a camera, in ms. */
const DISTANCE_MS = 10_000;

/**
 * Cameras that are remembered; beyond it, the least recently seen camera is forgotten, and its next picture is
 * labelled.
 */
const MOST_CAMERAS = 1000;

/** Remembers when each camera's last labelled picture was taken, by the camera's clock. */
export class LabelTurns {
  readonly #last = new Map<string, number>();

  /**
   * Decides whether a picture is labelled; if so, records it.
   *
   * @returns whether it is labelled.
   */
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
