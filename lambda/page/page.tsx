import type { ComponentChild } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Frame } from './components/frame';
import { Lazy } from './components/lazy';
import { Lightbox } from './components/lightbox';
import { loadCameras } from './state/cameras';
import { isVisible, reconnections } from './state/connection';
import { loadPersons } from './state/people';
import { place, type View } from './state/place';
import { session } from './state/session';
import { AccountView } from './views/account';
import { CamerasView } from './views/cameras';
import { EventsView } from './views/events';
import { LoginView } from './views/login';
import { PersonsView } from './views/persons';
import { StateView } from './views/state';

const CAMERAS_POLL_MS = 60_000;

const TITLES: Record<View, string> = {
  events: 'Events',
  persons: 'Persons',
  cameras: 'Cameras',
  account: 'Account',
  notifications: 'Notifications',
};

/** The whole page: who is not logged in sees the login, at whatever address. */
export function Page() {
  const { state } = session.value;
  const { view } = place.value;
  useEffect(() => {
    document.title = state === 'in' ? `${TITLES[view]} · Kerberos` : 'Kerberos';
  }, [state, view]);
  // Who has logged in goes on from the top of what is shown, with the keyboard too.
  const wasOut = useRef(false);
  useEffect(() => {
    if (state === 'in' && wasOut.current) document.getElementById('main')?.focus({ preventScroll: true });
    wasOut.current = state === 'out' || (wasOut.current && state !== 'in');
  }, [state]);
  if (state === 'out') return <LoginView />;
  if (state !== 'in') return <StateView />;
  return <LoggedIn view={view} />;
}

function LoggedIn({ view }: { view: View }) {
  const isThere = isVisible.value;
  const again = reconnections.value;
  // A new connection is a reason to ask again.
  useEffect(() => {
    if (!isThere) return;
    const ask = () => void Promise.all([loadCameras(), loadPersons()]).catch(() => {});
    ask();
    const timer = setInterval(ask, CAMERAS_POLL_MS);
    return () => clearInterval(timer);
  }, [isThere, again]);
  return (
    <>
      <Frame>{viewOf(view)}</Frame>
      <Lightbox />
    </>
  );
}

function viewOf(view: View): ComponentChild {
  switch (view) {
    case 'events':
      return <EventsView />;
    case 'persons':
      return <PersonsView />;
    case 'cameras':
      return <CamerasView />;
    case 'account':
      return <AccountView />;
    case 'notifications':
      return <Lazy what="notifications" load={() => import('./views/notifications')} />;
  }
}
