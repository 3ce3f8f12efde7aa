import { pictureAddress } from '../api';
import type { Event } from '../api-types';
import { codecName, isUnplayable } from './codec';

/**
 * What stands in the place of a video that this browser says it cannot play: why, and the way to have it all the same.
 */
export function unplayable(event: Event | undefined): HTMLDivElement | undefined {
  return event && isUnplayable(event) ? notice(event) : undefined;
}

/** The same for a video that failed while it was played. */
export function notice(event: Event): HTMLDivElement {
  const { id, film } = event;
  const holder = document.createElement('div');
  holder.className = 'stage-unplayable';
  if (film) {
    const poster = document.createElement('img');
    poster.src = pictureAddress(id, `frames/${film.poster}`);
    poster.alt = 'A frame of the video';
    holder.append(poster);
  }
  const text = document.createElement('p');
  const codec = codecName(event);
  text.textContent = `This browser cannot play this video${codec === undefined ? '' : `, which is ${codec}`}. `;
  const link = document.createElement('a');
  link.href = pictureAddress(id, 'download');
  link.download = '';
  link.textContent = 'Download it';
  text.append(link, ' and open it in a player.');
  holder.append(text);
  return holder;
}
