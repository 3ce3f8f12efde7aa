/**
 * Harmless faults of a file: all rows of the picture, or a playable part of the video, are there. Such an event is
 * published, and marked with its faults.
 *
 * - `NoEnd`: the mark that ends the picture is missing; all of its rows are there.
 * - `ExtraBytes`: meaningless bytes stand between the parts of the picture.
 * - `RestartOrder`: the restart markers of a JPEG are not numbered in their order.
 * - `ScanParameters`: the header of a JPEG's scan claims what is impossible for this kind of JPEG.
 * - `Padding`: more than 16 KB of one byte, zero mostly, follow the end of the picture.
 * - `CutOff`: the end of the video is missing; `duration` is that of the part that is there.
 */
export const FAULTS = ['NoEnd', 'ExtraBytes', 'RestartOrder', 'ScanParameters', 'Padding', 'CutOff'] as const;

/** One of `FAULTS`. */
export type Fault = (typeof FAULTS)[number];

/** Whether a value is the name of a fault. */
export function isFault(text: unknown): text is Fault {
  return FAULTS.some((fault) => fault === text);
}
