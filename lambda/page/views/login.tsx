import { useEffect, useState } from 'preact/hooks';
import { ApiError, explain } from '../api';
import { Mark } from '../components/frame';
import { logIn, session } from '../state/session';

type Failure = { state: 'none' } | { state: 'said'; text: string } | { state: 'wait'; until: number; user: string };

/** The login. It leaves the address as it is, so that a link that was opened is followed afterwards. */
export function LoginView() {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>({ state: 'none' });
  const wait = useCountdown(failure.state === 'wait' ? failure.until : 0);
  const wasIn = session.value.state === 'out' && session.value.wasIn;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure({ state: 'none' });
    try {
      await logIn(user.trim(), password);
    } catch (error) {
      setFailure(failureOf(error, user));
    }
    setBusy(false);
  };
  const secret = {
    name: 'password',
    autocomplete: 'current-password',
    required: true,
    maxLength: 1000,
    value: password,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => setPassword(currentTarget.value),
  } as const;
  return (
    <main class="login">
      <form class="login-form" onSubmit={(event) => void submit(event)}>
        <Mark />
        <h1>Kerberos</h1>
        <p class="login-lead">
          {wasIn ? 'Your session has ended. Log in to go on where you were.' : 'Log in to see what your cameras saw.'}
        </p>
        <label class="field">
          <span>User</span>
          <input
            type="text"
            name="user"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            maxLength={100}
            value={user}
            onInput={(event) => {
              setUser(event.currentTarget.value);
              // Another user need not wait.
              if (failure.state === 'wait' && event.currentTarget.value !== failure.user) setFailure({ state: 'none' });
            }}
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input {...(isShown ? { type: 'text' } : { type: 'password' })} {...secret} />
        </label>
        <label class="check">
          <input type="checkbox" checked={isShown} onChange={(event) => setShown(event.currentTarget.checked)} />
          <span>Show the password</span>
        </label>
        <p class="failure" role="alert">
          {failure.state === 'said' && failure.text}
          {failure.state === 'wait' &&
            (wait > 0
              ? `Too many attempts. Wait ${inWords(wait)}, then try again.`
              : 'You can try again now. If the password is lost, ask whoever gave you the licence for another one.')}
        </p>
        <button type="submit" class="button is-main is-wide" disabled={isBusy || wait > 0}>
          {isBusy ? 'Logging in…' : 'Log in'}
        </button>
      </form>
    </main>
  );
}

function failureOf(error: unknown, user: string): Failure {
  if (error instanceof ApiError && error.status === 429) {
    return { state: 'wait', until: Date.now() + (error.retryAfter ?? 60) * 1000, user };
  }
  return { state: 'said', text: explain(error) };
}

/** Whole seconds until then, each second anew. */
function useCountdown(until: number): number {
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const [seconds, setSeconds] = useState(left());
  // The seconds that are left are made of `until`.
  useEffect(() => {
    setSeconds(left());
    if (until === 0) return;
    const timer = setInterval(() => setSeconds(left()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}

/** By the minute, so that a reader is not told each second. */
function inWords(seconds: number): string {
  if (seconds > 60) return `${Math.ceil(seconds / 60)} minutes`;
  return seconds > 20 ? 'a minute' : 'a few seconds';
}
