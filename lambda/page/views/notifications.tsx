import type { TargetedInputEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { explain } from '../api';
import type { NotificationSettings } from '../api-types';
import { ChannelList } from '../components/channel-list';
import { LoadFailure } from '../components/load-failure';
import { NEW_RULE, RuleForm } from '../components/rule-form';
import { say } from '../state/notices';
import {
  addMail,
  addWebhook,
  loadNotifications,
  notifications,
  ownEndpoint,
  saveSettings,
  subscribe,
  whyNoPush,
} from '../state/notifications';

/** More are not taken. */
const MOST_RULES = 10;

/** What the owner is told, and where. */
export default function NotificationsView() {
  const [failure, setFailure] = useState('');
  const load = () => {
    setFailure('');
    loadNotifications().catch((error: unknown) => setFailure(explain(error)));
  };
  useEffect(load, []);
  const { value } = notifications;
  if (!value) {
    return (
      <div class="column is-narrow" aria-busy={failure === ''}>
        <h1>Notifications</h1>
        {failure !== '' && <LoadFailure what="notifications" why={failure} onRetry={load} />}
      </div>
    );
  }
  return (
    <div class="column is-narrow">
      <h1>Notifications</h1>
      <section class="panel" aria-labelledby="channels">
        <h2 id="channels">Where you are told</h2>
        <ChannelList channels={value.channels} />
        <ThisBrowser />
        <AddChannel hasMail={value.mail} />
      </section>
      <SettingsForm key={JSON.stringify(value.settings)} saved={value.settings} />
    </div>
  );
}

function ThisBrowser() {
  const [failure, setFailure] = useState('');
  const why = whyNoPush();
  if (ownEndpoint.value !== undefined) return <p class="hint">This browser is told.</p>;
  if (why !== undefined) return <p class="hint">{why}</p>;
  const begin = async () => {
    setFailure('');
    try {
      await subscribe();
      say('This browser is told from now on.');
    } catch (error) {
      setFailure(explain(error));
    }
  };
  return (
    <>
      <p class="failure" role="alert">
        {failure}
      </p>
      <button type="button" class="button is-main" onClick={() => void begin()}>
        Tell this browser
      </button>
    </>
  );
}

/** A webhook, or a mail address. */
function AddChannel({ hasMail }: { hasMail: boolean }) {
  const [secret, setSecret] = useState('');
  return (
    <details class="settings">
      <summary>{hasMail ? 'Add a mail address or a webhook' : 'Add a webhook'}</summary>
      {hasMail && (
        <AddForm
          label="Mail address"
          type="email"
          action="Add the address"
          onAdd={async (address) => {
            await addMail(address);
            say('A code is on its way to the address.');
          }}
        />
      )}
      <AddForm
        label="Address of a webhook, with https"
        type="url"
        action="Add the webhook"
        onAdd={async (url) => setSecret((await addWebhook(url)).secret ?? '')}
      />
      {secret !== '' && (
        <p role="status">
          Messages are signed with this secret. It is shown now, and never again: <code class="secret">{secret}</code>
        </p>
      )}
    </details>
  );
}

interface AddProperties {
  label: string;
  type: 'email' | 'url';
  action: string;
  onAdd: (value: string) => Promise<void>;
}

function AddForm({ label, type, action, onAdd }: AddProperties) {
  const [text, setText] = useState('');
  const [failure, setFailure] = useState('');
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setFailure('');
    try {
      await onAdd(text.trim());
      setText('');
    } catch (error) {
      setFailure(explain(error));
    }
  };
  const input = {
    ...{ required: true, maxLength: 1000, value: text },
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => setText(event.currentTarget.value),
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <label class="field" for={type}>
        <span>{label}</span>
        {type === 'email' ? <input id="email" type="email" {...input} /> : <input id="url" type="url" {...input} />}
      </label>
      <p class="failure" role="alert">
        {failure}
      </p>
      <button type="submit" class="button">
        {action}
      </button>
    </form>
  );
}

function SettingsForm({ saved }: { saved: NotificationSettings }) {
  const [settings, setSettings] = useState(saved);
  const [failure, setFailure] = useState('');
  const { rules, health } = settings;
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setFailure('');
    try {
      await saveSettings(settings);
      say('What you are told is saved.');
    } catch (error) {
      setFailure(explain(error));
    }
  };
  return (
    <section class="panel" aria-labelledby="rules">
      <h2 id="rules">What you are told</h2>
      <p class="lead">One message for each burst that fits a rule.</p>
      <form onSubmit={(event) => void save(event)}>
        {rules.map((rule, at) => (
          <RuleForm
            key={rule.id ?? at}
            rule={rule}
            number={at + 1}
            onChange={(changed) =>
              setSettings({ ...settings, rules: rules.map((one, i) => (i === at ? changed : one)) })
            }
            onRemove={() => setSettings({ ...settings, rules: rules.filter((_, i) => i !== at) })}
          />
        ))}
        {rules.length < MOST_RULES && (
          <button
            type="button"
            class="button"
            onClick={() => setSettings({ ...settings, rules: [...rules, NEW_RULE] })}
          >
            Add a rule
          </button>
        )}
        <label class="choice">
          <input
            type="checkbox"
            checked={health}
            onChange={(event) => setSettings({ ...settings, health: event.currentTarget.checked })}
          />
          <span>When a camera is gone, an upload is refused, or files pile up at a camera</span>
        </label>
        <p class="failure" role="alert">
          {failure}
        </p>
        <button type="submit" class="button is-main">
          Save
        </button>
      </form>
    </section>
  );
}
