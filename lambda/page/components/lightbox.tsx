import { useEffect, useState } from 'preact/hooks';
import { ApiError, explain } from '../api';
import { day, loading, today } from '../state/day';
import { say } from '../state/notices';
import { go, place } from '../state/place';
import { chapterOf, chapters, openAt, source } from '../state/reel';
import { OpenLightbox } from './open-lightbox';

/** After so long, what the lightbox is made of is loaded, so that it is there when the connection is not. */
const PREPARE_MS = 2000;

/** The event that the address names, large, with the others around it. */
export function Lightbox() {
  useEffect(() => {
    const timer = setTimeout(() => void import('./stage').catch(() => {}), PREPARE_MS);
    return () => clearTimeout(timer);
  }, []);
  const { event: id, view } = place.value;
  const isReady = view !== 'events' || loading.value.state !== 'loading';
  const found = id === undefined ? undefined : chapterOf(id);
  const isFound = found !== undefined;
  const [attempt, setAttempt] = useState(0);

  // An address that somebody was sent: the event may be of another day, or further down than what is loaded.
  useEffect(() => {
    if (id === undefined) {
      chapters.value = [];
      source.value = 'day';
    }
    if (id === undefined || !isReady || isFound) return;
    let isWanted = true;
    openAt(id).then(
      () => {
        if (!isWanted) return;
        const its = chapterOf(id)?.chapter.burst.localFrom.slice(0, 10);
        if (its !== undefined && its !== day.value && !place.value.kept) {
          go({ day: its === today.value ? undefined : its, view: 'events' }, { replace: true });
        }
        setAttempt((number) => number + 1);
      },
      (error: unknown) => {
        if (!isWanted) return;
        const isGone = error instanceof ApiError && error.status === 404;
        say(isGone ? 'This event does not exist any more.' : explain(error), { isFailure: true });
        go({ event: undefined }, { replace: true });
      },
    );
    return () => {
      isWanted = false;
    };
  }, [id, isReady, isFound, attempt]);
  if (id === undefined || !found) return null;
  return <OpenLightbox id={id} />;
}
