import { useState } from 'preact/hooks';
import { isSelecting, selectAll, selected, stopSelecting } from '../state/selection';
import { count } from '../words';
import { Icon } from './icons';
import { type ManyAction, ManyDialog, zipName } from './many-dialogs';

/** What can be done with all that is selected; it is there while something is. */
export function SelectionBar() {
  const [action, setAction] = useState<ManyAction | undefined>(undefined);
  if (!isSelecting.value) return null;
  const list = selected.value;
  const parts = list.map((burst) => ({ burst }));
  const number = list.reduce((sum, burst) => sum + burst.count, 0);
  const act = (what: ManyAction, name: string, icon: 'star' | 'download' | 'remove') => (
    <button
      type="button"
      class="icon-button"
      aria-label={name}
      disabled={list.length === 0}
      onClick={() => setAction(what)}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <section class="selection" aria-label="Selection">
      <button type="button" class="icon-button" aria-label="Stop selecting" onClick={stopSelecting}>
        <Icon name="close" />
      </button>
      <p class="selection-count" role="status">
        {count(number, 'picture')}
        <span class="unseen"> selected</span>
      </p>
      <button type="button" class="button is-plain" onClick={selectAll}>
        Select all<span class="unseen"> that is shown</span>
      </button>
      {act('keep', 'Keep', 'star')}
      {act('download', 'Download', 'download')}
      {act('delete', 'Delete', 'remove')}
      {action && (
        <ManyDialog
          action={action}
          parts={parts}
          what={list.length === 1 ? 'this burst' : `${list.length} bursts`}
          fileName={zipName(parts)}
          onDone={() => {
            setAction(undefined);
            stopSelecting();
          }}
          onClose={() => setAction(undefined)}
        />
      )}
    </section>
  );
}
