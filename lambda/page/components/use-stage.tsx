import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Face, Id } from '../api-types';
import { isOnline, prefersStillness, reconnections } from '../state/connection';
import { bursts } from '../state/day';
import { isPlaying } from '../state/film';
import { go } from '../state/place';
import { chapters, extend, grow, pictures } from '../state/reel';
import { MarksToTouch } from './marks';
import type { Stage } from './stage';

/** Pictures before an end at which the next burst is requested. */
const AHEAD = 3;

/** What a component needs of its stage. */
export interface StageHandle {
  /** Ref of the element that the pictures fill. */
  element: { current: HTMLDivElement | null };
  /** The picture in sight, and its place among all. */
  shown: Id;
  index: number;
  /** Whether the code that shows pictures could not be loaded. */
  hasFailed: boolean;
  move: (step: -1 | 1) => void;
  goTo: (index: number) => void;
  isLoaded: (index: number) => boolean;
  /** Builds the stage anew at a picture, after others were taken out. */
  rebuildAt: (id: Id) => void;
}

interface Options {
  /** The picture that the address names. */
  id: Id;
  /** Whether something lies over the lightbox. */
  isCovered: boolean;
  onFace: (face: Face) => void;
  onClose: () => void;
}

/** The stage of the lightbox, with the pictures of state/reel.ts; the address follows what is in sight. */
export function useStage({ id, isCovered, onFace, onClose }: Options): StageHandle {
  const element = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | undefined>(undefined);
  const [shown, setShown] = useState(id);
  const [generation, setGeneration] = useState(0);
  const [hasFailed, setFailed] = useState(false);
  const covered = useRef(isCovered);
  covered.current = isCovered;
  const latest = useRef(shown);
  latest.current = shown;
  const list = pictures.value;
  const index = Math.max(
    0,
    list.findIndex((picture) => picture.id === shown),
  );

  // The stage is built again only for another generation of pictures.
  useEffect(() => {
    let isWanted = true;
    const place = element.current;
    if (!place) return;
    setFailed(false);
    import('./stage').then(
      ({ openStage }) => {
        if (!isWanted) return;
        stage.current = openStage({
          element: place,
          events: () => pictures.peek(),
          index: pictures.peek().findIndex((picture) => picture.id === latest.current),
          isStill: prefersStillness.value,
          isCovered: () => covered.current,
          onChange: (at) => {
            const event = pictures.peek()[at];
            if (event) setShown(event.id);
          },
          onClose,
          whyMissing: () =>
            isOnline.value
              ? 'This picture is not available. It may have been deleted.'
              : 'Not connected. The picture appears when the connection is back.',
          drawMarks: (holder, event, isInSight) => {
            holder.inert = !isInSight;
            render(<MarksToTouch event={event} onFace={onFace} />, holder);
          },
          removeMarks: (holder) => render(null, holder),
        });
      },
      () => isWanted && setFailed(true),
    );
    const observer = new ResizeObserver(() => stage.current?.resize());
    observer.observe(place);
    return () => {
      isWanted = false;
      observer.disconnect();
      stage.current?.close();
      stage.current = undefined;
    };
  }, [generation]);

  const { value: again } = reconnections;
  useEffect(() => {
    if (again === 0) return;
    if (stage.current) stage.current.retry();
    else setGeneration((number) => number + 1);
  }, [again]);

  // While it plays, the address stays: browsers refuse to have it changed a hundred times in half a minute. Otherwise
  // it changes with the title, so that what is copied or loaded again is what is seen.
  const { value: plays } = isPlaying;
  useLayoutEffect(() => {
    if (!plays) go({ event: shown }, { replace: true });
  }, [shown, plays]);

  // Back and forward of the browser.
  useEffect(() => {
    const to = pictures.peek().findIndex((picture) => picture.id === id);
    if (to !== -1 && id !== latest.current && !isPlaying.peek()) stage.current?.goTo(to);
  }, [id]);

  useNeighbours(index, list.length, (number) => stage.current?.shift(number));

  const goTo = (to: number) => stage.current?.goTo(to);
  return {
    ...{ element, shown, index, hasFailed, goTo },
    move: (step) => {
      isPlaying.value = false;
      stage.current?.step(step);
    },
    isLoaded: (at) => stage.current?.isLoaded(at) === true,
    rebuildAt: (next) => {
      setShown(next);
      setGeneration((number) => number + 1);
    },
  };
}

/** Loads the bursts before and behind as one comes near to them, and what comes to the last one. */
function useNeighbours(index: number, length: number, onEarlier: (pictures: number) => void) {
  const isLoading = useRef(false);
  const { value: all } = bursts;
  useEffect(() => {
    const load = async () => {
      if (isLoading.current) return;
      isLoading.current = true;
      try {
        const last = chapters.peek().at(-1);
        if (last && index >= length - AHEAD) await grow(last);
        if (index >= length - AHEAD) await extend('later');
        if (index < AHEAD) {
          const number = await extend('earlier');
          if (number > 0) onEarlier(number);
        }
      } catch {
        // Without a connection there is nothing to go on to; it is tried again at the next step.
      }
      isLoading.current = false;
    };
    void load();
  }, [all, index, length]);
}
