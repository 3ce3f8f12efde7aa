import type { Chapter } from '../state/reel';
import { clock } from '../time';
import { count } from '../words';
import { Dialog } from './dialog';
import { Icon } from './icons';
import type { ManyAction } from './many-dialogs';

interface Properties {
  chapter: Chapter;
  onAction: (action: ManyAction) => void;
  onClose: () => void;
}

/** What can be done with the whole burst that is shown. */
export function BurstMenu({ chapter: { burst, pictures }, onAction, onClose }: Properties) {
  const kept = pictures.filter((picture) => picture.kept).length;
  return (
    <Dialog title={`This burst: ${count(pictures.length, 'picture')}`} onClose={onClose}>
      <p class="hint">
        <bdi>{burst.cover.instance.name}</bdi>, {clock(burst.localFrom)} to {clock(burst.localTo)}
        {kept > 0 && ` · ${count(kept, 'picture')} kept`}
      </p>
      <div class="menu">
        <button type="button" class="button" data-focus onClick={() => onAction('keep')}>
          <Icon name="star" />
          Keep for ever
        </button>
        <button type="button" class="button" onClick={() => onAction('download')}>
          <Icon name="download" />
          Download as one zip
        </button>
        <button type="button" class="button" onClick={() => onAction('delete')}>
          <Icon name="remove" />
          Delete all of it
        </button>
      </div>
    </Dialog>
  );
}
