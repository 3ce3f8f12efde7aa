import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import type { Event, Face, Id } from '../api-types';
import { isOnline, isWide } from '../state/connection';
import { dropPictures } from '../state/day';
import { isPlaying } from '../state/film';
import { say } from '../state/notices';
import { back, go } from '../state/place';
import { chapterOf, cut, pictures } from '../state/reel';
import { clock } from '../time';
import { BurstMenu } from './burst-menu';
import { Confirm } from './confirm';
import { Details } from './details';
import { useModal } from './dialog';
import { Icon } from './icons';
import { LightboxBar } from './lightbox-bar';
import { type ManyAction, ManyDialog, zipName } from './many-dialogs';
import { NameDialog } from './name-dialog';
import { Notices } from './notices';
import { Player } from './player';
import { useFilm } from './use-film';
import { useStage } from './use-stage';

/** Whether region and faces are drawn; it stays as it was set, from one event to the next. */
const areMarksShown = signal(true);
const areDetailsShown = signal(isWide.value);

/** What lies over the lightbox. */
type Covering =
  | { what: 'nothing' | 'delete' | 'burst' }
  | { what: 'person'; id: Id }
  /** Some pictures of the burst: this one, or all of them. */
  | { what: 'many'; action: ManyAction; isWhole: boolean };

const NOTHING: Covering = { what: 'nothing' };

/** The lightbox, at a picture that is among those of state/reel.ts. */
export function OpenLightbox({ id }: { id: Id }) {
  const [covering, setCovering] = useState<Covering>(NOTHING);
  const uncover = () => setCovering(NOTHING);
  const close = () => back({ event: undefined });
  const onFace = ({ person }: Face) => person !== undefined && setCovering({ what: 'person', id: person });
  const stage = useStage({ id, isCovered: covering.what !== 'nothing', onFace, onClose: close });
  const { shown } = stage;
  const chapter = chapterOf(shown);
  useFilm(stage, chapter);
  const burst = useRef<Id | undefined>(undefined);
  burst.current = chapter?.chapter.burst.id ?? burst.current;
  const dialog = useModal(close, () => document.querySelector<HTMLElement>(`[data-event="${burst.current}"]`));
  useKeys(covering.what === 'nothing', stage.move, () => setCovering({ what: 'delete' }));

  const event = pictures.value[stage.index];
  if (!event || !chapter) return null;
  const partsOf = (isWhole: boolean) => [
    { burst: chapter.chapter.burst, pictures: isWhole ? chapter.chapter.pictures : [event] },
  ];
  const remove = async () => {
    await api.deleteEvent(event.id);
    const next = pictures.value[stage.index + 1] ?? pictures.value[stage.index - 1];
    dropPictures(chapter.chapter.burst, 1);
    say('The event is deleted.');
    uncover();
    if (!next) {
      close();
      return;
    }
    cut(new Set([event.id]));
    stage.rebuildAt(next.id);
    go({ event: next.id }, { replace: true });
  };
  return (
    <dialog
      ref={dialog}
      class={`lightbox ${areDetailsShown.value ? 'has-details' : ''} ${areMarksShown.value ? '' : 'is-bare'}`}
      aria-label="Event"
    >
      <LightboxBar
        event={event}
        chapter={chapter.chapter}
        position={stage.index - chapter.start}
        areDetailsShown={areDetailsShown}
        onClose={close}
        onKeep={() => setCovering({ what: 'many', action: 'keep', isWhole: false })}
        onDelete={() => setCovering({ what: 'delete' })}
      />
      <div class="lightbox-middle">
        <div ref={stage.element} class="stage" />
        {!isOnline.value && (
          <p class="banner lightbox-banner" role="status">
            <Icon name="offline" />
            Not connected.
          </p>
        )}
        {stage.hasFailed && (
          <p class="stage-failure" role="alert">
            The picture could not be shown: the connection broke. It is tried again when it is back.
          </p>
        )}
        <button
          type="button"
          class="icon-button lightbox-marks"
          aria-label="Region and faces"
          aria-pressed={areMarksShown.value}
          onClick={() => {
            areMarksShown.value = !areMarksShown.value;
          }}
        >
          <Icon name="boxes" />
        </button>
        <Steps index={stage.index} onMove={stage.move} />
      </div>
      {chapter.chapter.pictures.length > 1 && (
        <Player chapter={chapter.chapter} position={stage.index - chapter.start} onScrub={stage.goTo}>
          <button
            type="button"
            class="icon-button"
            aria-label="This burst: keep, download, delete"
            aria-haspopup="dialog"
            onClick={() => setCovering({ what: 'burst' })}
          >
            <Icon name="more" />
          </button>
        </Player>
      )}
      {areDetailsShown.value && <Details event={event} usual={chapter.chapter.burst.usual} onFace={onFace} />}
      {covering.what === 'delete' && <DeleteEvent event={event} onConfirm={remove} onClose={uncover} />}
      {covering.what === 'burst' && (
        <BurstMenu
          chapter={chapter.chapter}
          onAction={(action) => setCovering({ what: 'many', action, isWhole: true })}
          onClose={uncover}
        />
      )}
      {covering.what === 'many' && (
        <ManyDialog
          action={covering.action}
          parts={partsOf(covering.isWhole)}
          what={covering.isWhole ? 'this burst' : 'this event'}
          note={event.note}
          fileName={zipName(partsOf(covering.isWhole))}
          onDone={covering.action === 'delete' ? close : uncover}
          onClose={uncover}
        />
      )}
      {covering.what === 'person' && <NameDialog id={covering.id} onClose={uncover} />}
      <Notices />
    </dialog>
  );
}

/** To the picture before and to the one behind, in the order of time. */
function Steps({ index, onMove }: { index: number; onMove: (step: -1 | 1) => void }) {
  return (
    <>
      <button
        type="button"
        class="icon-button lightbox-before"
        aria-label="Earlier picture"
        disabled={index === 0}
        onClick={() => onMove(-1)}
      >
        <Icon name="left" />
      </button>
      <button
        type="button"
        class="icon-button lightbox-after"
        aria-label="Later picture"
        disabled={index === pictures.value.length - 1}
        onClick={() => onMove(1)}
      >
        <Icon name="right" />
      </button>
    </>
  );
}

interface DeleteProperties {
  event: Event;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

function DeleteEvent({ event, onConfirm, onClose }: DeleteProperties) {
  return (
    <Confirm title="Delete this event?" action="Delete" onConfirm={onConfirm} onClose={onClose}>
      <p>
        The picture of {clock(event.localTime)}, {event.instance.name}, its thumbnail and what is known of its faces are
        deleted for good. It cannot be brought back.
      </p>
    </Confirm>
  );
}

/** Arrows go through time, Space plays, Delete asks to delete; not while something lies over the lightbox. */
function useKeys(isUncovered: boolean, move: (step: -1 | 1) => void, onDelete: () => void) {
  useEffect(() => {
    if (!isUncovered) return;
    const press = (event: KeyboardEvent) => {
      const { target, key } = event;
      if (target instanceof HTMLVideoElement || target instanceof HTMLInputElement) return;
      if (target instanceof HTMLTextAreaElement || event.altKey || event.ctrlKey || event.metaKey) return;
      if (key === 'ArrowRight') move(1);
      else if (key === 'ArrowLeft') move(-1);
      else if (key === 'Delete') onDelete();
      else if (key === ' ' && !(target instanceof Element && target.closest('button, a'))) {
        isPlaying.value = !isPlaying.value;
      } else return;
      event.preventDefault();
    };
    // A button that is disabled at an end loses the focus to the page below.
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  });
}
