import { useEffect, useState } from 'preact/hooks';
import { explain } from '../api';
import type { Instance } from '../api-types';
import { CameraStatus, CameraVitals } from '../components/camera-status';
import { Confirm } from '../components/confirm';
import { Icon } from '../components/icons';
import { Link } from '../components/link';
import { LoadFailure } from '../components/load-failure';
import { Picture } from '../components/picture';
import { RejectedList } from '../components/rejected-list';
import { TimeZoneField } from '../components/time-zone-field';
import { changeInstance, instances, loadCameras, removeInstance } from '../state/cameras';
import { say } from '../state/notices';
import { session } from '../state/session';
import { count } from '../words';

/** The cameras of the licence, and which of their uploads were refused. */
export function CamerasView() {
  const [failure, setFailure] = useState('');
  const load = () => {
    setFailure('');
    loadCameras().catch((error: unknown) => setFailure(explain(error)));
  };
  useEffect(load, []);
  const list = instances.value;
  return (
    <div class="column">
      <h1>Cameras</h1>
      {failure !== '' && list === undefined ? (
        <LoadFailure what="cameras" why={failure} onRetry={load} />
      ) : list === undefined ? (
        <div class="cameras" aria-busy="true">
          <p class="unseen" role="status">
            Loading cameras
          </p>
          <div class="camera bone" />
        </div>
      ) : list.length === 0 ? (
        <div class="empty">
          <Icon name="cameras" />
          <h2>No camera yet</h2>
          <p>
            Type the bucket, the folder and the two keys of your licence into the web interface of a Kerberos camera,
            under Cloud. One licence serves any number of cameras.
          </p>
        </div>
      ) : (
        <ul class="cameras">
          {list.map((instance) => (
            <li key={instance.id}>
              <Camera instance={instance} />
            </li>
          ))}
        </ul>
      )}
      <RejectedList />
    </div>
  );
}

function Camera({ instance }: { instance: Instance }) {
  const { id, name, lastEvent, state, silentAfterHours } = instance;
  return (
    <article class="camera" aria-label={name}>
      {lastEvent ? (
        <Link to={{ view: 'events', event: lastEvent.id, instance: id }} class="camera-picture">
          <Picture id={lastEvent.id} what="thumbnail" />
          <span class="unseen">Look at the last event of {name}</span>
        </Link>
      ) : (
        <span class="camera-picture picture-missing">No event is kept</span>
      )}
      <div class="camera-text">
        <h2>
          <bdi>{name}</bdi>
        </h2>
        <CameraStatus instance={instance} />
        <CameraVitals instance={instance} />
        {(state.is === 'gone' || state.is === 'silent') && (
          <p class="hint">
            {state.is === 'silent' ? `Nothing came for ${hoursInWords(silentAfterHours)}. ` : ''}
            Look whether the camera has power and a connection, and run <code>grunt check</code> on it.
          </p>
        )}
        <div class="camera-actions">
          <Link to={{ view: 'events', instance: id }} class="button">
            <Icon name="events" />
            Events
            <span class="unseen"> of {name}</span>
          </Link>
        </div>
        <CameraSettings instance={instance} />
      </div>
    </article>
  );
}

function CameraSettings({ instance }: { instance: Instance }) {
  const { value } = session;
  const accountZone = value.state === 'in' ? (value.account.timeZone ?? 'UTC') : 'UTC';
  const own = instance.ownTimeZone === true ? instance.timeZone : '';
  const [timeZone, setTimeZone] = useState(own);
  const [silentAfter, setSilentAfter] = useState(String(instance.silentAfterHours));
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure('');
    try {
      await changeInstance(instance.id, {
        timeZone: timeZone === '' ? null : timeZone,
        silentAfterHours: Number(silentAfter),
      });
      say(`The settings of ${instance.name} are saved.`);
    } catch (error) {
      setFailure(explain(error));
    }
    setBusy(false);
  };
  return (
    <details class="settings">
      <summary>
        Settings<span class="unseen"> of {instance.name}</span>
      </summary>
      <form onSubmit={(event) => void save(event)}>
        <TimeZoneField
          label="Time zone"
          value={timeZone}
          none={`As the account: ${accountZone.replaceAll('_', ' ')}`}
          onChange={setTimeZone}
        />
        <label class="field">
          <span>Silent after so many hours without an upload</span>
          <input
            type="number"
            inputMode="numeric"
            min={1}
            max={8760}
            required
            value={silentAfter}
            onInput={(event) => setSilentAfter(event.currentTarget.value)}
          />
        </label>
        <p class="failure" role="alert">
          {failure}
        </p>
        <button type="submit" class="button is-main" disabled={isBusy}>
          Save
        </button>
      </form>
      <RemoveCamera instance={instance} />
    </details>
  );
}

function RemoveCamera({ instance: { id, name } }: { instance: Instance }) {
  const [isAsking, setAsking] = useState(false);
  const remove = async () => {
    await removeInstance(id);
    say(`${name} is removed.`);
  };
  return (
    <>
      <button type="button" class="button danger" onClick={() => setAsking(true)}>
        Remove<span class="unseen"> {name}</span>
      </button>
      {isAsking && (
        <Confirm title={`Remove ${name}?`} action="Remove" onConfirm={remove} onClose={() => setAsking(false)}>
          <p>
            All pictures and videos of this camera are deleted for good, also those that are kept for ever. If it still
            uploads, it comes back with its next picture.
          </p>
        </Confirm>
      )}
    </>
  );
}

function hoursInWords(hours: number): string {
  return hours >= 48 && hours % 24 === 0 ? count(hours / 24, 'day') : count(hours, 'hour');
}
