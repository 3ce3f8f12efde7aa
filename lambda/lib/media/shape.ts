/** A picture or video narrower than this shows nothing, and is smaller than the smallest face we look for. In pixels. */
export const SMALLEST_SIDE = 32;

/** Cameras pad files to whole sectors and some add a few kilobytes of their own; more is something else. */
export const MOST_TRAILING_BYTES = 16 * 1024;
