import { useEffect, useState } from 'preact/hooks';
import { pictureAddress, type Shown } from '../api';
import type { Id } from '../api-types';
import { reconnections } from '../state/connection';
import { Icon } from './icons';

interface Properties {
  id: Id;
  what: Shown;
  /** Empty where the text beside it says the same. */
  alt?: string;
  class?: string;
  style?: Record<string, string>;
  /** Whether it is in sight from the beginning. */
  isFirst?: boolean;
}

/**
 * A picture of an event. One that does not load is asked for once more at another address, as the browser may remember
 * a signed URL that is no longer good; then it says so, and is tried again when a lost connection is back.
 */
export function Picture({ id, what, alt = '', class: name = '', style = {}, isFirst = false }: Properties) {
  const [attempt, setAttempt] = useState({ number: 0, at: 0 });
  const again = reconnections.value;
  const hasFailed = attempt.number > 1;
  // A new connection is a reason to try again.
  useEffect(() => {
    setAttempt(({ number, at }) => (number > 1 ? { number: 1, at: Date.now() } : { number, at }));
  }, [again]);
  if (hasFailed) {
    return (
      <span class={`picture-missing ${name}`}>
        <Icon name="missing" />
        <span>Not available</span>
      </span>
    );
  }
  return (
    <img
      loading={isFirst ? 'eager' : 'lazy'}
      decoding="async"
      draggable={false}
      class={name}
      style={style}
      alt={alt}
      src={pictureAddress(id, what, attempt.at)}
      onError={() => setAttempt(({ number }) => ({ number: number + 1, at: Date.now() }))}
    />
  );
}
