import type PhotoSwipe from 'photoswipe';
import type { Event } from '../api-types';

/** How marks are drawn on the pictures of a stage. */
export interface MarksOptions {
  events: () => readonly Event[];
  /** What lies on a picture; drawn again when it is the one in sight, and when it no longer is. */
  drawMarks: (element: HTMLElement, event: Event, isInSight: boolean) => void;
  removeMarks: (element: HTMLElement) => void;
}

/** Lays an element on each picture that is as large as the picture, for what is drawn on it. */
export function showMarks(swipe: PhotoSwipe, { events, drawMarks, removeMarks }: MarksOptions): { redraw: () => void } {
  const marks = new Map<{ index: number; isActive: boolean }, HTMLElement>();
  const fit = (holder: HTMLElement, width: number, height: number) => {
    holder.style.width = `${width}px`;
    holder.style.height = `${height}px`;
  };
  const draw = (slide: { index: number }, isInSight: boolean) => {
    const holder = [...marks].find(([one]) => one === slide)?.[1];
    const event = events()[slide.index];
    if (holder && event) drawMarks(holder, event, isInSight);
  };
  swipe.on('afterSetContent', ({ slide }) => {
    const event = events()[slide.index];
    if (!event || event.kind === 'video/mp4' || marks.has(slide)) return;
    const holder = document.createElement('div');
    holder.className = 'stage-marks';
    slide.container.append(holder);
    const scale = slide.currentResolution || slide.zoomLevels.initial;
    fit(holder, Math.round(slide.width * scale), Math.round(slide.height * scale));
    marks.set(slide, holder);
    drawMarks(holder, event, slide.isActive);
  });
  swipe.on('contentResize', ({ content, width, height }) => {
    const holder = content.slide && marks.get(content.slide);
    if (holder) fit(holder, width, height);
  });
  swipe.on('slideActivate', ({ slide }) => draw(slide, true));
  swipe.on('slideDeactivate', ({ slide }) => draw(slide, false));
  swipe.on('slideDestroy', ({ slide }) => {
    const holder = marks.get(slide);
    if (holder) removeMarks(holder);
    marks.delete(slide);
  });
  return {
    redraw: () => {
      for (const slide of marks.keys()) draw(slide, slide.isActive);
    },
  };
}
