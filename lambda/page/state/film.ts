/** Whether a burst plays by itself. */
import { signal } from '@preact/signals';

/** The lightbox plays what it shows. */
export const isPlaying = signal(false);

/** Set when a burst is pressed that has several pictures: the lightbox begins to play as soon as it is open. */
export const mayPlay = signal(false);
