import { useEffect, useRef } from 'preact/hooks';
import { isPlaying, mayPlay } from '../state/film';
import { type Chapter, pictures } from '../state/reel';
import type { StageHandle } from './use-stage';

/** Between two pictures, in milliseconds: five a second, which is faster than most cameras take them. */
const FRAME_MS = 200;
/** So long a picture is waited for that does not load. */
const PATIENCE_MS = 4000;

/** Plays the burst that is shown, forwards, to its end; it begins by itself where the burst was pressed to be seen. */
export function useFilm(stage: StageHandle, shown: { chapter: Chapter; start: number } | undefined): void {
  const { value: plays } = isPlaying;
  useEffect(() => {
    isPlaying.value = mayPlay.value;
    mayPlay.value = false;
    return () => {
      isPlaying.value = false;
    };
  }, []);

  const now = useRef({ stage, shown });
  now.current = { stage, shown };
  useEffect(() => {
    if (!plays) return;
    let waited = 0;
    const timer = setInterval(() => {
      const { stage: handle, shown: at } = now.current;
      if (!at) return;
      const next = handle.index + 1;
      const isEnd = next >= at.start + at.chapter.pictures.length;
      const isVideo = pictures.value[handle.index]?.kind === 'video/mp4';
      if (isEnd || isVideo) {
        isPlaying.value = false;
        return;
      }
      waited += FRAME_MS;
      const isThere = handle.isLoaded(handle.index) && handle.isLoaded(next);
      if (!isThere && waited < PATIENCE_MS) return;
      waited = 0;
      handle.goTo(next);
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [plays]);
}
