import { useEffect } from 'preact/hooks';
import { Mark } from '../components/frame';
import { Icon } from '../components/icons';
import { askSession, logOut, session } from '../state/session';

/** How often it is asked whether a suspended licence was resumed. */
const ASK_MS = 30_000;

/** What is shown when the account cannot be: it is asked for, suspended, or the server is away. */
export function StateView() {
  const { value } = session;
  const isSuspended = value.state === 'suspended';
  useEffect(() => {
    if (!isSuspended) return;
    const timer = setInterval(() => void askSession(), ASK_MS);
    return () => clearInterval(timer);
  }, [isSuspended]);
  if (value.state === 'suspended') {
    return (
      <main class="whole">
        <div class="empty">
          <Icon name="warning" />
          <h1>This licence is suspended</h1>
          <p>{value.detail}</p>
          <p>What was kept is still there. Ask whoever gave you the licence to resume it, then try again.</p>
          <div class="empty-actions">
            <button type="button" class="button is-main" onClick={() => void askSession()}>
              Try again
            </button>
            <button type="button" class="button" onClick={() => void logOut().catch(() => location.assign('/'))}>
              Log out
            </button>
          </div>
        </div>
      </main>
    );
  }
  if (value.state === 'failed') {
    return (
      <main class="whole">
        <div class="empty" role="alert">
          <Icon name="offline" />
          <h1>The server cannot be reached</h1>
          <p>{value.detail}</p>
          <button type="button" class="button is-main" onClick={() => void askSession()}>
            Try again
          </button>
        </div>
      </main>
    );
  }
  return (
    <main class="whole" aria-busy="true">
      <h1 class="unseen">Kerberos</h1>
      <Mark />
      <p class="unseen" role="status">
        Loading
      </p>
    </main>
  );
}
