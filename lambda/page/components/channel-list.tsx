import { useState } from 'preact/hooks';
import { api, explain } from '../api';
import type { Channel } from '../api-types';
import { minute } from '../state/connection';
import { say } from '../state/notices';
import { confirmChannel, dropChannel } from '../state/notifications';
import { ago } from '../time';

const KINDS: Record<Channel['kind'], string> = { push: 'Browser', webhook: 'Webhook', mail: 'Mail' };

/** Where the owner is told: whether it works, a message to try it, and the way out. */
export function ChannelList({ channels }: { channels: readonly Channel[] }) {
  if (channels.length === 0) return null;
  return (
    <ul class="channels">
      {channels.map((channel) => (
        <li key={channel.id}>
          <ChannelItem channel={channel} />
        </li>
      ))}
    </ul>
  );
}

function ChannelItem({ channel }: { channel: Channel }) {
  const { id, kind, name, confirmed, sentAt, failure } = channel;
  const act = (work: Promise<unknown>, done: string) =>
    work.then(
      () => say(done),
      (error: unknown) => say(explain(error), { isFailure: true }),
    );
  return (
    <>
      <p>
        <b>
          <bdi>{name}</bdi>
        </b>{' '}
        <span class="hint">{KINDS[kind]}</span>
      </p>
      {failure && (
        <p class="failure">
          {ago(failure.at, minute.value)}: {failure.text} It is tried again.
        </p>
      )}
      {!failure && sentAt !== undefined && <p class="hint">Last told {ago(sentAt, minute.value)}</p>}
      {confirmed === false && <ConfirmForm channel={channel} />}
      <div class="camera-actions">
        {confirmed !== false && (
          <button
            type="button"
            class="button"
            onClick={() => void act(api.testChannel(id), 'A message is on its way. It may take some seconds.')}
          >
            Try it<span class="unseen">: {name}</span>
          </button>
        )}
        <button
          type="button"
          class="button"
          onClick={() => void act(dropChannel(id), 'Nothing is told there any more.')}
        >
          Remove<span class="unseen"> {name}</span>
        </button>
      </div>
    </>
  );
}

function ConfirmForm({ channel: { id, name } }: { channel: Channel }) {
  const [code, setCode] = useState('');
  const [failure, setFailure] = useState('');
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setFailure('');
    try {
      await confirmChannel(id, code);
      say(`${name} is confirmed.`);
    } catch (error) {
      setFailure(explain(error));
    }
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <label class="field">
        <span>The code of six digits that was sent to {name}</span>
        <input
          type="text"
          inputMode="numeric"
          autocomplete="one-time-code"
          required
          maxLength={10}
          value={code}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
      </label>
      <p class="failure" role="alert">
        {failure}
      </p>
      <button type="submit" class="button is-main">
        Confirm
      </button>
    </form>
  );
}
