/**
 * PhotoSwipe, which moves and zooms the pictures of the lightbox. It is loaded when somebody looks at an event first.
 * All else of the lightbox (buttons, details, dialogs) is ours; PhotoSwipe gets the events and tells which one is in
 * sight.
 */
import PhotoSwipe, { type PhotoSwipeOptions } from 'photoswipe';
import { pictureAddress } from '../api';
import type { Event, Id } from '../api-types';
import { type MarksOptions, showMarks } from './stage-marks';
import { showVideos } from './stage-videos';

/** What a stage shows, and where. */
export interface StageOptions extends MarksOptions {
  /** Where the pictures go; it fills this element. */
  element: HTMLElement;
  /** May grow at its end; where it grows at its beginning, `shift` must be called. */
  events: () => readonly Event[];
  index: number;
  isStill: boolean;
  /** Whether the keyboard is somebody else's for now. */
  isCovered: () => boolean;
  onChange: (index: number) => void;
  onClose: () => void;
  /** What is said in the place of a picture that does not load. */
  whyMissing: () => string;
}

/** An open stage. */
export interface Stage {
  goTo: (index: number) => void;
  /** To the one behind or before what is in sight, or on its way there. */
  step: (step: -1 | 1) => void;
  /** Tells the stage that this number of events was added at the beginning. */
  shift: (events: number) => void;
  /** Whether a picture is there to be shown at once. */
  isLoaded: (index: number) => boolean;
  /** Fits the pictures to the element's size. */
  resize: () => void;
  /** Asks once more for what did not load. */
  retry: () => void;
  /** Draws what lies on the pictures again. */
  redraw: () => void;
  close: () => void;
}

/** Shows an event. */
export function openStage(options: StageOptions): Stage {
  const { element, events } = options;
  const swipe = new PhotoSwipe(settings(options));
  const attempts = retrying(swipe, events);
  swipe.addFilter('numItems', () => events().length);
  swipe.addFilter('itemData', (_, at) => {
    const event = events()[at];
    if (!event) return {};
    const { id, kind, width, height, instance } = event;
    const src = pictureAddress(id, 'image', attempts.lastAttempt(id));
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
  showVideos(swipe, { events, lastAttempt: attempts.lastAttempt, onFailure: attempts.retry });
  const { redraw } = showMarks(swipe, options);

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
    goTo: (index) => swipe.goTo(index),
    step: (step) => (step === 1 ? swipe.next() : swipe.prev()),
    shift: (number) => shift(swipe, number),
    isLoaded: (index) => swipe.contentLoader.getContentByIndex(index)?.state === 'loaded',
    resize: () => swipe.updateSize(true),
    retry: attempts.retryFailed,
    redraw,
    close: () => {
      isClosing = true;
      swipe.destroy();
    },
  };
}

function settings({ element, index, isStill }: StageOptions): PhotoSwipeOptions {
  return {
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
    // A burst plays forwards.
    preload: [1, 3],
    // The dialog around it has these.
    escKey: false,
    arrowKeys: false,
    trapFocus: false,
    returnFocus: false,
    arrowPrev: false,
    arrowNext: false,
    close: false,
    zoom: false,
    counter: false,
    getViewportSizeFn: () => ({ x: element.clientWidth, y: element.clientHeight }),
  };
}

/**
 * A picture that does not load is asked for a second time at another address; what fails then waits for `retryFailed`.
 */
function retrying(swipe: PhotoSwipe, events: () => readonly Event[]) {
  /** Which pictures were asked for a second time, and when. */
  const again = new Map<Id, number>();
  const failed = new Set<Id>();
  const ask = (id: Id) => {
    const at = events().findIndex((event) => event.id === id);
    if (at === -1) return;
    again.set(id, Date.now());
    swipe.refreshSlideContent(at);
  };
  const retry = ({ index }: { index: number }) => {
    const event = events()[index];
    if (event && again.has(event.id)) failed.add(event.id);
    else if (event) ask(event.id);
  };
  swipe.on('loadError', ({ content }) => retry(content));
  return {
    lastAttempt: (id: Id) => again.get(id),
    retry,
    retryFailed: () => {
      const ids = [...failed];
      failed.clear();
      ids.forEach(ask);
    },
  };
}

/** Gives everything that PhotoSwipe knows by its index the index that it has now. Nothing on the screen moves. */
function shift(swipe: PhotoSwipe, number: number): void {
  const { contentLoader, mainScroll } = swipe;
  const before = swipe.currIndex;
  const contents = Array.from({ length: swipe.getNumItems() }, (_, i) => contentLoader.getContentByIndex(i));
  for (const content of contents) if (content) contentLoader.removeByIndex(content.index);
  for (const content of contents) {
    if (!content) continue;
    content.index += number;
    contentLoader.addToCache(content);
  }
  for (const { slide } of mainScroll.itemHolders) if (slide) slide.index += number;
  swipe.currIndex = before + number;
  swipe.potentialIndex += number;
  // The place before the first one was empty.
  const [first] = mainScroll.itemHolders;
  if (first && before === 0) swipe.setContent(first, swipe.currIndex - 1, true);
}
