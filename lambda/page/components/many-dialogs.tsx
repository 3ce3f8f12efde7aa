/** What is asked before something is done with many pictures, and how far it is. */
import { useState } from 'preact/hooks';
import { explain } from '../api';
import { deleteMany, downloadMany, keepMany, type Part, type Progress } from '../state/many';
import { say } from '../state/notices';
import { count, thousands } from '../words';
import { Dialog } from './dialog';

/** What can be done with several pictures at once. */
export type ManyAction = 'delete' | 'keep' | 'download';

interface Properties {
  action: ManyAction;
  parts: readonly Part[];
  /** What is meant, such as "this burst". */
  what: string;
  /** The note that it has. */
  note?: string | undefined;
  /** Of the zip. */
  fileName: string;
  onDone: () => void;
  onClose: () => void;
}

/** Asks, does it, and tells how far it is. */
export function ManyDialog({ action, parts, what, note: before = '', fileName, onDone, onClose }: Properties) {
  const number = parts.reduce((sum, { burst, pictures }) => sum + (pictures?.length ?? burst.count), 0);
  const isKept = parts.some(({ burst, pictures }) => pictures?.some(({ kept }) => kept) ?? burst.kept > 0);
  const [note, setNote] = useState(before);
  const [failure, setFailure] = useState('');
  const [progress, setProgress] = useState<{ done: number; of: number } | undefined>(undefined);
  const run = async (work: (tell: Progress) => Promise<string>) => {
    setFailure('');
    setProgress({ done: 0, of: number });
    try {
      say(await work((done, of) => setProgress({ done, of })));
      onDone();
    } catch (error) {
      setFailure(explain(error));
      setProgress(undefined);
    }
  };
  const remove = () => run(async (tell) => `${count(await deleteMany(parts, tell), 'picture')} deleted.`);
  const keep = () => run(async (tell) => `${count(await keepMany(parts, note.trim(), tell), 'picture')} kept.`);
  const release = () =>
    run(async (tell) => `${count(await keepMany(parts, undefined, tell), 'picture')} no longer kept.`);
  const download = () =>
    run(async (tell) => `${count(await downloadMany(parts, fileName, tell), 'picture')} in ${fileName}.`);

  const isBusy = progress !== undefined;
  const pictures = count(number, 'picture');
  const titles = { delete: `Delete ${pictures}?`, keep: `Keep ${pictures} for ever`, download: `Download ${pictures}` };
  return (
    <Dialog title={titles[action]} onClose={onClose}>
      {action === 'delete' && (
        <p class="dialog-text">
          The pictures of {what}, their thumbnails and what is known of the faces are deleted for good
          {isKept ? ', also what you keep for ever' : ''}. They cannot be brought back.
        </p>
      )}
      {action === 'download' && (
        <p class="dialog-text">
          They are put into one zip here in your browser, under the names that the cameras gave them.
        </p>
      )}
      {action === 'keep' && (
        <>
          <p class="dialog-text">They stay when their day is no longer kept, until you delete them.</p>
          <label class="field">
            <span>Note</span>
            <textarea
              rows={3}
              maxLength={500}
              value={note}
              data-focus
              onInput={({ currentTarget }) => setNote(currentTarget.value)}
            />
          </label>
        </>
      )}
      <p class="failure" role="alert">
        {failure}
      </p>
      {progress && (
        <p role="status" class="hint">
          {thousands(progress.done)} of {thousands(progress.of)}
          <progress max={progress.of} value={progress.done} aria-label="How far it is" />
        </p>
      )}
      <div class="dialog-actions">
        {action === 'keep' && isKept && (
          <button type="button" class="button" disabled={isBusy} onClick={() => void release()}>
            Keep no longer
          </button>
        )}
        <button type="button" class="button" {...(action === 'delete' ? { 'data-focus': true } : {})} onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class={`button ${action === 'delete' ? 'danger' : 'is-main'}`}
          {...(action === 'download' ? { 'data-focus': true } : {})}
          disabled={isBusy}
          onClick={() => void { delete: remove, keep, download }[action]()}
        >
          {isBusy ? 'One moment…' : { delete: 'Delete', keep: 'Keep', download: 'Download' }[action]}
        </button>
      </div>
    </Dialog>
  );
}

/** What a zip is called: the day, and the camera where it is one. */
export function zipName(parts: readonly Part[]): string {
  const [first] = parts;
  const cameras = new Set(parts.map(({ burst }) => burst.cover.instance.name));
  const [camera = ''] = cameras.size === 1 ? cameras : [];
  const time = first?.burst.localFrom.slice(0, 19).replaceAll(':', '-').replace('T', ' ') ?? '';
  const safe = camera.replace(/[\p{C}\\/:*?"<>|]/gu, '_');
  return `${[time, safe].filter((part) => part !== '').join(' ')}.zip`;
}
