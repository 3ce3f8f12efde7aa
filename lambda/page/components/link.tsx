import type { ComponentChildren } from 'preact';
import { addressOf, go, type Place, place } from '../state/place';

interface Properties {
  to: Partial<Place>;
  children: ComponentChildren;
  class: string;
  replace?: boolean;
  'aria-current'?: 'page';
  'data-event'?: string;
  /** Does something else instead where it returns true. */
  onPress?: (event: MouseEvent) => boolean;
  'aria-label'?: string;
  /** Called before it goes there. */
  onGo?: () => void;
}

/** A link to another place of the page: a real address, followed without loading the page anew. */
export function Link({ to, replace = false, onGo, onPress, children, ...rest }: Properties) {
  return (
    <a
      {...rest}
      href={addressOf({ ...place.value, ...to })}
      onClick={(event) => {
        if (onPress?.(event)) {
          event.preventDefault();
          return;
        }
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        onGo?.();
        go(to, { replace });
      }}
    >
      {children}
    </a>
  );
}
