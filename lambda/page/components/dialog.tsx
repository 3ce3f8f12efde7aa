import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icons';

interface Properties {
  title: string;
  /** Escape, the cross, or a click beside it. */
  onClose: () => void;
  children: ComponentChildren;
  class?: string;
}

/** A modal dialog: the browser keeps the focus in it, and it returns to where it was. */
export function Dialog({ title, onClose, children, class: name = '' }: Properties) {
  const ref = useModal(onClose);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    const closeBeside = (event: MouseEvent) => {
      if (event.target === dialog) onClose();
    };
    dialog?.addEventListener('click', closeBeside);
    return () => dialog?.removeEventListener('click', closeBeside);
  }, [ref, onClose]);
  return (
    <dialog ref={ref} class={`dialog ${name}`} aria-labelledby={titleId}>
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/**
 * Opens a <dialog> as a modal as long as it is there, and gives the focus back afterwards: to where it was, or to what
 * `returnTo` finds.
 */
export function useModal(onClose: () => void, returnTo: () => HTMLElement | null = () => null) {
  const ref = useRef<HTMLDialogElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  const target = useRef(returnTo);
  target.current = returnTo;
  useLayoutEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    const cancel = (event: Event) => {
      // The browser closes it without asking when Escape is pressed twice; then only `close` counts.
      if (event.target !== dialog || !event.cancelable) return;
      event.preventDefault();
      close.current();
    };
    const closed = () => close.current();
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('[data-focus]')?.focus();
    dialog?.addEventListener('cancel', cancel);
    dialog?.addEventListener('close', closed);
    return () => {
      dialog?.removeEventListener('cancel', cancel);
      dialog?.removeEventListener('close', closed);
      dialog?.close();
      const other = target.current();
      if (other) {
        // Behind the browser's own scrolling, where this was left by going back.
        requestAnimationFrame(() => {
          other.focus({ preventScroll: true });
          other.scrollIntoView({ block: 'nearest' });
        });
      } else if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  return ref;
}
