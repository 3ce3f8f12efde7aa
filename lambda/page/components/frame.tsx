import type { ComponentChildren } from 'preact';
import { attention } from '../state/cameras';
import { isOnline } from '../state/connection';
import { type Place, place, UNFILTERED, type View } from '../state/place';
import { count } from '../words';
import { Icon, type IconName } from './icons';
import { Link } from './link';
import { Notices } from './notices';

const ITEMS: { view: View; title: string; icon: IconName }[] = [
  { view: 'events', title: 'Events', icon: 'events' },
  { view: 'persons', title: 'Persons', icon: 'persons' },
  { view: 'cameras', title: 'Cameras', icon: 'cameras' },
  { view: 'account', title: 'Account', icon: 'account' },
];

const NOWHERE: Partial<Place> = {
  ...UNFILTERED,
  ...{ day: undefined, until: undefined, event: undefined, each: undefined, kept: undefined },
};

/** The frame around every view: the navigation, and messages. */
export function Frame({ children }: { children: ComponentChildren }) {
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <span class="brand" aria-hidden="true">
          <Mark />
          Kerberos
        </span>
        <nav aria-label="Main">
          <ul class="nav">
            {ITEMS.map(({ view, title, icon }) => (
              <li key={view}>
                <Link
                  to={toView(view)}
                  class="nav-link"
                  {...(place.value.view === view ? { 'aria-current': 'page' } : {})}
                >
                  <Icon name={icon} />
                  <span>{title}</span>
                  {view === 'cameras' && <Badge />}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      {!isOnline.value && (
        <p class="banner" role="status">
          <Icon name="offline" />
          Not connected. What you see may be old; it goes on by itself when the connection is back.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {place.value.event === undefined && <Notices />}
    </div>
  );
}

/** The sign of the page. */
export function Mark() {
  return (
    <svg class="mark-sign" viewBox="0 0 512 512" aria-hidden="true" focusable="false">
      <rect width="512" height="512" rx="112" class="mark-ground" />
      <path d="M96 256c36-74 92-112 160-112s124 38 160 112c-36 74-92 112-160 112S132 330 96 256Z" class="mark-lid" />
      <circle cx="256" cy="256" r="62" class="mark-eye" />
      <circle cx="277" cy="235" r="18" class="mark-ground" />
    </svg>
  );
}

function Badge() {
  const { silent, refused, total } = attention.value;
  if (total === 0) return null;
  const parts = [
    ...(silent > 0 ? [count(silent, 'gone or silent camera')] : []),
    ...(refused > 0 ? [count(refused, 'refused upload')] : []),
  ];
  return (
    <span class="badge">
      <span aria-hidden="true">{total > 99 ? '99+' : total}</span>
      <span class="unseen">, {parts.join(', ')}</span>
    </span>
  );
}

/** Events are gone back to as they were left; from there, the same link shows today. */
function toView(view: View): Partial<Place> {
  return view === 'events' && place.value.view === 'events' ? { view, ...NOWHERE } : { ...NOWHERE, view };
}
