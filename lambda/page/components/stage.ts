/**
 * PhotoSwipe, which moves and zooms the pictures of the lightbox. It is loaded when somebody looks at an event first. All
 * else of the lightbox (buttons, details, dialogs) is ours; PhotoSwipe gets the events and tells which one is in sight.
 */
import PhotoSwipe from 'photoswipe';
import { pictureAddress } from '../api';
import type { Event, Id } from '../api-types';
import { notice, unplayable } from './unplayable';

export interface StageOptions {
  /** Where the pictures go; it fills this element. */
  element: HTMLElement;
  /** May grow at its end. */
  events: () => readonly Event[];
  index: number;
  isStill: boolean;
  /** Whether keys are somebody else's for now. */
  isCovered: () => boolean;
  onChange: (index: number) => void;
  onClose: () => void;
  /** What is said in the place of a picture that does not load. */
  whyMissing: () => string;
  /** What lies on a picture; drawn again when it is the one in sight, and when it no longer is. */
  drawMarks: (element: HTMLElement, event: Event, isInSight: boolean) => void;
  removeMarks: (element: HTMLElement) => void;
}

export interface Stage {
  move: (step: -1 | 1) => void;
  /** Fits the pictures to the element's size. */
  resize: () => void;
  /** Asks once more for what did not load. */
  retry: () => void;
  close: () => void;
}

/** Shows an event. */
export function openStage(options: StageOptions): Stage {
  const { element, events, index, isStill } = options;
  /** Which pictures were asked for a second time, and when. */
  const again = new Map<Id, number>();
  /** Places of pictures that did not load the second time either. */
  const failed = new Set<number>();
  const marks = new Map<object, HTMLElement>();
  const fit = (holder: HTMLElement, width: number, height: number) => {
    holder.style.width = `${width}px`;
    holder.style.height = `${height}px`;
  };
  const shown = (at: number) => events()[at];

  const swipe = new PhotoSwipe({
    dataSource: [],
    index,
    appendToEl: element,
    loop: false,
    bgOpacity: 1,
    showHideAnimationType: 'none',
    zoomAnimationDuration: isStill ? false : 250,
    easing: 'ease-out',
    wheelToZoom: true,
    closeOnVerticalDrag: true,
    bgClickAction: false,
    tapAction: false,
    imageClickAction: 'zoom',
    doubleTapAction: 'zoom',
    // The dialog around it has these.
    escKey: false,
    trapFocus: false,
    returnFocus: false,
    arrowPrev: false,
    arrowNext: false,
    close: false,
    zoom: false,
    counter: false,
    getViewportSizeFn: () => ({ x: element.clientWidth, y: element.clientHeight }),
  });
  swipe.addFilter('numItems', () => events().length);
  swipe.addFilter('itemData', (_, at) => {
    const event = shown(at);
    if (!event) return {};
    const { id, kind, width, height, instance } = event;
    const src = pictureAddress(id, 'image', again.get(id));
    if (kind === 'video/mp4') return { type: 'video', src, width, height };
    return { src, msrc: pictureAddress(id, 'thumbnail'), width, height, alt: `What ${instance.name} saw` };
  });
  swipe.addFilter('contentErrorElement', () => {
    const text = document.createElement('p');
    text.className = 'pswp__error-msg';
    text.textContent = options.whyMissing();
    return text;
  });
  // The thumbnail is in the browser's memory: it stands there at once.
  swipe.addFilter('placeholderSrc', (_, content) => content.data.msrc ?? false);

  swipe.on('updateScrollOffset', () => {
    const { left, top } = element.getBoundingClientRect();
    swipe.offset.x += left;
    swipe.offset.y += top;
  });
  swipe.on('keydown', (event) => {
    const { target } = event.originalEvent;
    const isOthers = target instanceof HTMLVideoElement || target instanceof HTMLInputElement;
    if (options.isCovered() || isOthers) event.preventDefault();
  });
  swipe.on('pointerDown', (event) => {
    // The bar at the foot of a video is the browser's.
    const { target, clientY } = event.originalEvent;
    if (target instanceof HTMLVideoElement && clientY > target.getBoundingClientRect().bottom - 80)
      event.preventDefault();
  });

  swipe.on('contentLoad', (event) => {
    const { content } = event;
    if (content.type !== 'video') return;
    event.preventDefault();
    const its = shown(content.index);
    const instead = unplayable(its);
    if (instead) {
      content.element = instead;
      content.onLoaded();
      return;
    }
    const video = document.createElement('video');
    video.className = 'stage-video';
    video.controls = true;
    video.playsInline = true;
    video.preload = 'metadata';
    if (its?.film) video.poster = pictureAddress(its.id, `frames/${its.film.poster}`);
    video.src = content.data.src ?? '';
    const holder = document.createElement('div');
    holder.className = 'stage-video-holder';
    holder.append(video);
    video.addEventListener(
      'error',
      () => {
        // What the browser began to read and cannot decode will not get better.
        if (its && video.error && video.error.code >= MediaError.MEDIA_ERR_DECODE && again.has(its.id)) {
          holder.replaceChildren(notice(its));
        } else retry(content);
      },
      { once: true },
    );
    content.element = holder;
    content.onLoaded();
  });
  swipe.on('contentDeactivate', ({ content }) => content.element?.querySelector('video')?.pause());
  swipe.on('loadError', ({ content }) => retry(content));
  const ask = (at: number) => {
    const event = shown(at);
    if (!event) return;
    again.set(event.id, Date.now());
    swipe.refreshSlideContent(at);
  };
  const retry = ({ index: at }: { index: number }) => {
    const event = shown(at);
    if (event && again.has(event.id)) failed.add(at);
    else ask(at);
  };

  swipe.on('afterSetContent', ({ slide }) => {
    const event = shown(slide.index);
    if (!event || event.kind === 'video/mp4' || marks.has(slide)) return;
    const holder = document.createElement('div');
    holder.className = 'stage-marks';
    slide.container.append(holder);
    const scale = slide.currentResolution || slide.zoomLevels.initial;
    fit(holder, Math.round(slide.width * scale), Math.round(slide.height * scale));
    marks.set(slide, holder);
    options.drawMarks(holder, event, slide.isActive);
  });
  swipe.on('contentResize', ({ content, width, height }) => {
    const holder = content.slide && marks.get(content.slide);
    if (holder) fit(holder, width, height);
  });
  const redraw = (slide: { index: number }, isInSight: boolean) => {
    const holder = marks.get(slide);
    const event = shown(slide.index);
    if (holder && event) options.drawMarks(holder, event, isInSight);
  };
  swipe.on('slideActivate', ({ slide }) => redraw(slide, true));
  swipe.on('slideDeactivate', ({ slide }) => redraw(slide, false));
  swipe.on('slideDestroy', ({ slide }) => {
    const holder = marks.get(slide);
    if (holder) options.removeMarks(holder);
    marks.delete(slide);
  });

  swipe.on('change', () => options.onChange(swipe.currIndex));
  let isClosing = false;
  swipe.on('destroy', () => {
    if (!isClosing) options.onClose();
  });
  swipe.init();
  // The dialog around it has the role and the name.
  swipe.element?.setAttribute('role', 'group');
  swipe.element?.setAttribute('aria-label', 'Picture');
  swipe.element?.removeAttribute('tabindex');
  return {
    move: (step) => (step === 1 ? swipe.next() : swipe.prev()),
    resize: () => swipe.updateSize(true),
    retry: () => {
      const places = [...failed];
      failed.clear();
      places.forEach(ask);
    },
    close: () => {
      isClosing = true;
      swipe.destroy();
    },
  };
}
