/** Shortest side of a picture or video, in pixels: a smaller one shows nothing, and no face that is looked for. */
export const SMALLEST_SIDE = 32;

/**
 * Most bytes after the end of a file: cameras pad files to whole sectors, and some add a few kilobytes of their own.
 */
export const MOST_TRAILING_BYTES = 16 * 1024;
