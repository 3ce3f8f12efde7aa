import { signal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, api, explain, pictureAddress } from '../api';
import type { Event, Face, Id } from '../api-types';
import { isOnline, isWide, prefersStillness, reconnections } from '../state/connection';
import { day, dropEvent, events, loading, loadMore, more, today } from '../state/day';
import { say } from '../state/notices';
import { back, go, place } from '../state/place';
import { clock, dayShort } from '../time';
import { Confirm } from './confirm';
import { Details } from './details';
import { useModal } from './dialog';
import { Icon } from './icons';
import { MarksToTouch } from './marks';
import { NameDialog } from './name-dialog';
import { Notices } from './notices';
import type { Stage } from './stage';

/** So many events before the end, the ones that follow are asked for. */
const AHEAD = 5;

/** Whether region and faces are drawn; it stays as it was set, from one event to the next. */
const areMarksShown = signal(true);
const areDetailsShown = signal(isWide.value);

/** After so long, what the lightbox is made of is loaded, so that it is there when the connection is not. */
const PREPARE_MS = 2000;

/** The event that the address names, large, with the others of the day around it. */
export function Lightbox() {
  useEffect(() => {
    const timer = setTimeout(() => void import('./stage').catch(() => {}), PREPARE_MS);
    return () => clearTimeout(timer);
  }, []);
  const { event: id, view } = place.value;
  const [lonely, setLonely] = useState<Event | undefined>(undefined);
  const isReady = view !== 'events' || loading.value.state !== 'loading';
  const isListed = events.value.some((event) => event.id === id);

  // An address that somebody was sent: the event may be of another day, or further down than what is loaded.
  useEffect(() => {
    if (id === undefined || !isReady || isListed || lonely?.id === id) return;
    let isWanted = true;
    api.event(id).then(
      (event) => {
        if (!isWanted) return;
        setLonely(event);
        const its = event.localTime.slice(0, 10);
        if (its !== day.value) go({ day: its === today.value ? undefined : its, view: 'events' }, { replace: true });
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
  }, [id, isReady, isListed, lonely]);

  const first = useRef<Event[] | undefined>(undefined);
  if (id === undefined) first.current = undefined;
  else if (first.current === undefined) {
    if (isListed) first.current = events.value;
    else if (lonely?.id === id) first.current = [lonely];
  }
  if (id === undefined || first.current === undefined) return null;
  return <OpenLightbox start={id} list={first.current} />;
}

/** `list` is as it was at the beginning: what comes in above while somebody looks does not move what is looked at. */
function OpenLightbox({ start, list }: { start: Id; list: Event[] }) {
  const [shown, setShown] = useState<{ items: Event[]; index: number }>(() => ({
    items: list,
    index: Math.max(
      0,
      list.findIndex(({ id }) => id === start),
    ),
  }));
  const [covering, setCovering] = useState<'nothing' | 'delete' | { person: Id }>('nothing');
  const place_ = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | undefined>(undefined);
  const close = () => back({ event: undefined });
  const current = useRef<Id>(start);
  const dialog = useModal(close, () => document.querySelector<HTMLElement>(`[data-event="${current.current}"]`));
  const items = useRef(shown.items);
  items.current = shown.items;
  const isCovered = useRef(false);
  isCovered.current = covering !== 'nothing';
  const [generation, setGeneration] = useState(0);
  const [isFailed, setFailed] = useState(false);

  const onFace = ({ person }: Face) => person !== undefined && setCovering({ person });

  // The stage is built again only for another generation of items.
  useEffect(() => {
    let isWanted = true;
    const element = place_.current;
    if (!element) return;
    setFailed(false);
    import('./stage').then(
      ({ openStage }) => {
        if (!isWanted) return;
        stage.current = openStage({
          element,
          events: () => items.current,
          index: shown.index,
          isStill: prefersStillness.value,
          isCovered: () => isCovered.current,
          onChange: (index) => {
            setShown((now) => ({ ...now, index }));
            const event = items.current[index];
            if (event) go({ event: event.id }, { replace: true });
          },
          onClose: close,
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
    observer.observe(element);
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

  // What is loaded below goes on behind the last one.
  const { value: all } = events;
  const { index } = shown;
  useEffect(() => {
    const last = items.current.at(-1);
    const at = all.findIndex(({ id }) => id === last?.id);
    const next = at === -1 ? [] : all.slice(at + 1);
    if (next.length > 0) setShown((now) => ({ ...now, items: [...now.items, ...next] }));
    else if (at !== -1 && index >= items.current.length - AHEAD && more.value === 'there') void loadMore();
  }, [all, index]);

  // Back and forward of the browser.
  useEffect(() => {
    const to = items.current.findIndex(({ id }) => id === start);
    if (to !== -1 && to !== index && stage.current) {
      setShown((now) => ({ ...now, index: to }));
      setGeneration((number) => number + 1);
    }
  }, [start]);

  const event = shown.items[shown.index];
  if (!event) return null;
  current.current = event.id;
  const remove = async () => {
    await api.deleteEvent(event.id);
    dropEvent(event.id);
    say('The event is deleted.');
    const left = shown.items.filter(({ id }) => id !== event.id);
    const next = Math.min(shown.index, left.length - 1);
    setCovering('nothing');
    const following = left[next];
    if (!following) {
      close();
      return;
    }
    items.current = left;
    setShown({ items: left, index: next });
    setGeneration((number) => number + 1);
    go({ event: following.id }, { replace: true });
  };
  const title = `${clock(event.localTime)}, ${event.instance.name}`;
  return (
    <dialog
      ref={dialog}
      class={`lightbox ${areDetailsShown.value ? 'has-details' : ''} ${areMarksShown.value ? '' : 'is-bare'}`}
      aria-label="Event"
    >
      <header class="lightbox-bar">
        <button type="button" class="icon-button" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
        <p class="lightbox-title" aria-live="polite">
          <span class="lightbox-time">
            {clock(event.localTime)} <span class="lightbox-date">{dayShort(event.localTime.slice(0, 10))}</span>
          </span>
          <span class="lightbox-count">
            <bdi>{event.instance.name}</bdi> · {shown.index + 1} of {shown.items.length}
            {more.value === 'none' ? '' : '+'}
          </span>
        </p>
        <button
          type="button"
          class="icon-button"
          aria-label="Region and faces"
          aria-pressed={areMarksShown.value}
          onClick={() => {
            areMarksShown.value = !areMarksShown.value;
          }}
        >
          <Icon name="boxes" />
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
        <button type="button" class="icon-button" aria-label="Delete" onClick={() => setCovering('delete')}>
          <Icon name="remove" />
        </button>
      </header>
      <div class="lightbox-middle">
        <div ref={place_} class="stage" />
        {!isOnline.value && (
          <p class="banner lightbox-banner" role="status">
            <Icon name="offline" />
            Not connected.
          </p>
        )}
        {isFailed && (
          <p class="stage-failure" role="alert">
            The picture could not be shown: the connection broke. It is tried again when it is back.
          </p>
        )}
        <button
          type="button"
          class="icon-button lightbox-before"
          aria-label="Newer event"
          disabled={shown.index === 0}
          onClick={() => stage.current?.move(-1)}
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          class="icon-button lightbox-after"
          aria-label="Older event"
          disabled={shown.index === shown.items.length - 1}
          onClick={() => stage.current?.move(1)}
        >
          <Icon name="right" />
        </button>
      </div>
      {areDetailsShown.value && <Details event={event} onFace={onFace} />}
      {covering === 'delete' && (
        <Confirm title="Delete this event?" action="Delete" onConfirm={remove} onClose={() => setCovering('nothing')}>
          <p>
            The picture of {title}, its thumbnail and what is known of its faces are deleted for good. It cannot be
            brought back.
          </p>
        </Confirm>
      )}
      {typeof covering === 'object' && <NameDialog id={covering.person} onClose={() => setCovering('nothing')} />}
      <Notices />
    </dialog>
  );
}
