import type { Signal } from '@preact/signals';
import { pictureAddress } from '../api';
import type { Event } from '../api-types';
import type { Chapter } from '../state/reel';
import { clock, dayShort } from '../time';
import { Icon } from './icons';

interface Properties {
  event: Event;
  chapter: Chapter;
  /** Of the event in its chapter, from 0. */
  position: number;
  areDetailsShown: Signal<boolean>;
  onClose: () => void;
  onKeep: () => void;
  onDelete: () => void;
}

/** What is shown, and what can be done with it. */
export function LightboxBar(properties: Properties) {
  const { event, chapter, position, areDetailsShown, onClose, onKeep, onDelete } = properties;
  return (
    <header class="lightbox-bar">
      <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
      <p class="lightbox-title" aria-live="polite">
        <span class="lightbox-time">
          {clock(event.localTime)} <span class="lightbox-date">{dayShort(event.localTime.slice(0, 10))}</span>
        </span>
        <span class="lightbox-count">
          <bdi>{event.instance.name}</bdi>
          {chapter.pictures.length > 1 && ` · ${position + 1} of ${chapter.pictures.length}`}
        </span>
      </p>
      <button
        type="button"
        class="icon-button"
        aria-label="Keep for ever"
        aria-pressed={event.kept === true}
        onClick={onKeep}
      >
        <Icon name="star" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Details"
        aria-expanded={areDetailsShown.value}
        onClick={() => {
          areDetailsShown.value = !areDetailsShown.value;
        }}
      >
        <Icon name="info" />
      </button>
      <a class="icon-button" aria-label="Download" href={pictureAddress(event.id, 'download')} download>
        <Icon name="download" />
      </a>
      <button type="button" class="icon-button" aria-label="Delete" onClick={onDelete}>
        <Icon name="remove" />
      </button>
    </header>
  );
}
