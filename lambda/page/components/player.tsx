import type { ComponentChildren } from 'preact';
import { isPlaying } from '../state/film';
import { type Chapter, pictures } from '../state/reel';
import { clock } from '../time';
import { Icon } from './icons';

interface Properties {
  chapter: Chapter;
  /** Of the picture that is shown, from 0. */
  position: number;
  /** Called with the place of a picture among all. */
  onScrub: (index: number) => void;
  /** What stands at its end. */
  children: ComponentChildren;
}

/** Plays a burst forwards, and moves through it. */
export function Player({ chapter, position, onScrub, children }: Properties) {
  const { pictures: own } = chapter;
  const start = pictures.value.findIndex(({ id }) => id === own[0]?.id);
  const event = own[position];
  const play = () => {
    // At its end it begins anew.
    if (!isPlaying.value && position === own.length - 1) onScrub(start);
    isPlaying.value = !isPlaying.value;
  };
  return (
    <div class="player">
      <button type="button" class="icon-button" aria-label={isPlaying.value ? 'Pause' : 'Play'} onClick={play}>
        <Icon name={isPlaying.value ? 'pause' : 'play'} />
      </button>
      <input
        type="range"
        class="player-scrub"
        aria-label="Picture of the burst"
        aria-valuetext={`${position + 1} of ${own.length}, ${clock(event?.localTime ?? '')}`}
        min={0}
        max={own.length - 1}
        value={position}
        onInput={({ currentTarget }) => {
          isPlaying.value = false;
          onScrub(start + Number(currentTarget.value));
        }}
      />
      <span class="player-place" aria-hidden="true">
        {position + 1} / {own.length}
      </span>
      {children}
    </div>
  );
}
