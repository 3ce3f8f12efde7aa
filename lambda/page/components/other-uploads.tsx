import { useEffect, useState } from 'preact/hooks';
import { api, explain, versionAddress } from '../api';
import type { Event, Version } from '../api-types';
import { moment } from '../time';
import { bytes } from '../words';

/**
 * Says that other bytes were uploaded under an event's key, and opens them. The event itself shows what it showed
 * before. A camera that went on with a file that it had sent too early may have made the upload, or somebody who has
 * its key.
 */
export function OtherUploads({ event }: { event: Event }) {
  const { id, otherUpload = '', timeZone } = event;
  const [versions, setVersions] = useState<Version[] | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  useEffect(() => {
    let isWanted = true;
    api.versions(id).then(
      (all) => isWanted && setVersions(all),
      (error: unknown) => isWanted && setFailure(explain(error)),
    );
    return () => {
      isWanted = false;
    };
  }, [id, otherUpload]);
  return (
    <section class="other-uploads">
      <h3>There was another upload</h3>
      <p class="hint">
        Other bytes were uploaded under this file’s name, last on {moment(otherUpload, timeZone)}. The event shows the
        first upload that was whole.
      </p>
      {failure !== undefined && <p class="failure">{failure}</p>}
      <ul>
        {(versions ?? []).map((version) => (
          <li key={version.id}>
            <a href={versionAddress(id, version.id)} target="_blank" rel="noreferrer">
              {moment(version.received, timeZone)}
            </a>
            <span class="hint">
              {' '}
              {version.width} × {version.height}, {bytes(version.size)}
              {version.incomplete ? ', cut off' : ''}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
