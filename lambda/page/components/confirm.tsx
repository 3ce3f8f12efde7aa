import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { explain } from '../api';
import { Dialog } from './dialog';

interface Properties {
  title: string;
  /** What will happen. */
  children: ComponentChildren;
  /** The label of the button. */
  action: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something that cannot be undone. The focus is on the way out. */
export function Confirm({ title, children, action, onConfirm, onClose }: Properties) {
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    setFailure('');
    try {
      await onConfirm();
    } catch (error) {
      setFailure(explain(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="dialog-text">{children}</div>
      <p class="failure" role="alert">
        {failure}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" data-focus onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger" disabled={isBusy} onClick={() => void confirm()}>
          {isBusy ? 'One moment…' : action}
        </button>
      </div>
    </Dialog>
  );
}
