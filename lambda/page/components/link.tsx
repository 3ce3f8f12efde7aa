import type { ComponentChildren } from 'preact';
import { addressOf, go, type Place, place } from '../state/place';

interface Properties {
  to: Partial<Place>;
  children: ComponentChildren;
  class: string;
  replace?: boolean;
  'aria-current'?: 'page';
  'data-event'?: string;
}

/** A link to another place of the page: a real address, followed without loading the page anew. */
export function Link({ to, replace = false, children, ...rest }: Properties) {
  return (
    <a
      {...rest}
      href={addressOf({ ...place.value, ...to })}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(to, { replace });
      }}
    >
      {children}
    </a>
  );
}
