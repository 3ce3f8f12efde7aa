/** Where things lie on pictures, in percent, so that they stay there at whatever size a picture is shown. */
import type { Box, Event } from '../api-types';

/** A position and size for CSS, in percent of the frame. */
export interface Place {
  left: string;
  top: string;
  width: string;
  height: string;
}

/** A box of a picture, in percent of the picture; what lies outside of the picture is cut off. */
export function onPicture([x1, y1, x2, y2]: Box, { width, height }: Pick<Event, 'width' | 'height'>): Place {
  const left = within(Math.min(x1, x2) / width);
  const top = within(Math.min(y1, y2) / height);
  return place(left, top, within(Math.max(x1, x2) / width) - left, within(Math.max(y1, y2) / height) - top);
}

/**
 * Where a picture lies in a frame of another ratio (width by height) that it covers, in percent of the frame: what
 * changed on it, or its faces, or else its middle, stays in sight.
 */
export function covering(event: Pick<Event, 'width' | 'height' | 'region' | 'faces'>, ratio: number): Place {
  const [x, y] = focus(event);
  const own = event.width / event.height;
  const width = own > ratio ? own / ratio : 1;
  const height = own > ratio ? 1 : ratio / own;
  const shift = (at: number, size: number) => Math.min(0, Math.max(1 - size, 0.5 - at * size));
  return place(shift(x, width), shift(y, height), width, height);
}

/** How a picture is enlarged and moved so that a frame as high as wide shows one box of it, with what is around it. */
export function portrait(box: Box, { width, height }: Pick<Event, 'width' | 'height'>): Place {
  const [x1, y1, x2, y2] = box;
  const side = Math.min(Math.max(x2 - x1, y2 - y1, 1) * 1.5, width, height);
  const left = Math.min(Math.max((x1 + x2) / 2 - side / 2, 0), width - side);
  const top = Math.min(Math.max((y1 + y2) / 2 - side / 2, 0), height - side);
  return place(-left / side, -top / side, width / side, height / side);
}

/** The middle of what is to be seen, as parts of width and height. */
function focus({
  region,
  faces,
  width,
  height,
}: Pick<Event, 'width' | 'height' | 'region' | 'faces'>): [number, number] {
  const boxes = faces.length > 0 ? faces.map(({ box }) => box) : region ? [region] : [];
  if (boxes.length === 0) return [0.5, 0.5];
  const left = Math.min(...boxes.map(([x1]) => x1));
  const top = Math.min(...boxes.map(([, y1]) => y1));
  const right = Math.max(...boxes.map(([, , x2]) => x2));
  const bottom = Math.max(...boxes.map(([, , , y2]) => y2));
  return [within((left + right) / 2 / width), within((top + bottom) / 2 / height)];
}

function place(left: number, top: number, width: number, height: number): Place {
  const percent = (part: number) => `${(part * 100).toFixed(3)}%`;
  return { left: percent(left), top: percent(top), width: percent(width), height: percent(height) };
}

function within(part: number): number {
  return Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0;
}
