import type PhotoSwipe from 'photoswipe';
import { pictureAddress } from '../api';
import type { Event, Id } from '../api-types';
import { notice, unplayable } from './unplayable';

/** The browser's own bar at the foot of a video is so high, in pixels. */
const BAR = 80;

interface Options {
  events: () => readonly Event[];
  /** When a video was asked for a second time, as it had not loaded; undefined where it was not. */
  lastAttempt: (id: Id) => number | undefined;
  /** Hears of one that does not load. */
  onFailure: (content: { index: number }) => void;
}

/** Has PhotoSwipe show videos, with the browser's own controls; where the browser cannot play one, it says so. */
export function showVideos(swipe: PhotoSwipe, { events, lastAttempt, onFailure }: Options): void {
  swipe.on('pointerDown', (event) => {
    const { target, clientY } = event.originalEvent;
    if (target instanceof HTMLVideoElement && clientY > target.getBoundingClientRect().bottom - BAR) {
      event.preventDefault();
    }
  });
  swipe.on('contentLoad', (event) => {
    const { content } = event;
    if (content.type !== 'video') return;
    event.preventDefault();
    const its = events()[content.index];
    const element = unplayable(its) ?? holderOf(content.data.src ?? '', its);
    content.element = element;
    content.onLoaded();
    const video = element.querySelector('video');
    const fail = () => {
      // What the browser began to read and cannot decode will not get better.
      const isHopeless = video?.error && video.error.code >= MediaError.MEDIA_ERR_DECODE;
      if (its && isHopeless && lastAttempt(its.id) !== undefined) video.parentElement?.replaceChildren(notice(its));
      else onFailure(content);
    };
    video?.addEventListener('error', fail, { once: true });
  });
  swipe.on('contentDeactivate', ({ content }) => content.element?.querySelector('video')?.pause());
}

function holderOf(src: string, event: Event | undefined): HTMLDivElement {
  const video = document.createElement('video');
  video.className = 'stage-video';
  video.controls = true;
  video.playsInline = true;
  video.preload = 'metadata';
  if (event?.film) video.poster = pictureAddress(event.id, `frames/${event.film.poster}`);
  video.src = src;
  const holder = document.createElement('div');
  holder.className = 'stage-video-holder';
  holder.append(video);
  return holder;
}
