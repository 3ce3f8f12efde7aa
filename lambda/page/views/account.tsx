import { useState } from 'preact/hooks';
import { api, explain } from '../api';
import { Link } from '../components/link';
import { TimeZoneField } from '../components/time-zone-field';
import { forgetMonths } from '../state/months';
import { say } from '../state/notices';
import { logOut, session, setAccount } from '../state/session';
import { browserTimeZone } from '../time';
import { count } from '../words';

/** Shortest password that the API accepts, in characters. */
const SHORTEST_PASSWORD = 10;

/** The account: its retention, its time zone, its password, and logging out. */
export function AccountView() {
  const { value } = session;
  if (value.state !== 'in') return null;
  const { user, retentionDays, timeZone } = value.account;
  const changeZone = async (zone: string) => {
    try {
      setAccount(await api.changeAccount(zone));
      forgetMonths();
      say('The time zone is saved.');
    } catch (error) {
      say(explain(error), { isFailure: true });
    }
  };
  return (
    <div class="column is-narrow">
      <h1>Account</h1>
      <section class="panel" aria-labelledby="licence">
        <h2 id="licence">Licence</h2>
        <dl class="facts">
          <dt>User</dt>
          <dd>{user}</dd>
          <dt>Events are kept for</dt>
          <dd>{count(retentionDays, 'day')}</dd>
        </dl>
        <button
          type="button"
          class="button"
          onClick={() => void logOut().catch((error: unknown) => say(explain(error), { isFailure: true }))}
        >
          Log out
        </button>
      </section>
      <section class="panel" aria-labelledby="time-zone">
        <h2 id="time-zone">Time zone</h2>
        <p class="lead">Days and hours are those of this zone. A camera elsewhere may have its own, under Cameras.</p>
        <TimeZoneField
          label="Time zone of the account"
          value={timeZone ?? browserTimeZone()}
          onChange={(zone) => void changeZone(zone)}
        />
      </section>
      <section class="panel" aria-labelledby="notifications">
        <h2 id="notifications">Notifications</h2>
        <p class="lead">Be told what your cameras see, and when one of them is gone.</p>
        <Link to={{ view: 'notifications' }} class="button">
          Choose what and where
        </Link>
      </section>
      <PasswordForm user={user} />
    </div>
  );
}

function PasswordForm({ user }: { user: string }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    try {
      await api.changePassword(current, next);
      setCurrent('');
      setNext('');
      say('The password is changed. All other browsers are logged out.');
    } catch (error) {
      setFailure(explain(error));
    }
    setBusy(false);
  };
  return (
    <section class="panel" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <p class="lead">Another password logs out all other browsers.</p>
      <form onSubmit={(event) => void save(event)}>
        <input type="text" name="user" autocomplete="username" value={user} readOnly hidden />
        <label class="field">
          <span>The password now</span>
          <input
            type="password"
            autocomplete="current-password"
            required
            maxLength={1000}
            value={current}
            onInput={(event) => setCurrent(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Another password, of {SHORTEST_PASSWORD} characters or more</span>
          <input
            type="password"
            autocomplete="new-password"
            required
            minLength={SHORTEST_PASSWORD}
            maxLength={1000}
            value={next}
            onInput={(event) => setNext(event.currentTarget.value)}
          />
        </label>
        <p class="failure" role="alert">
          {failure}
        </p>
        <button type="submit" class="button is-main" disabled={isBusy}>
          Change the password
        </button>
      </form>
    </section>
  );
}
