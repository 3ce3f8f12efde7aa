import { useEffect, useState } from 'preact/hooks';
import { explain } from '../api';
import { loadMoreRejected, markSeen, rejected } from '../state/cameras';
import { minute } from '../state/connection';
import { ago, moment } from '../time';
import { bytes } from '../words';
import { Icon } from './icons';

/** The uploads that were refused, each with its reason. To have seen the list takes them off the navigation's badge. */
export function RejectedList() {
  const [failure, setFailure] = useState('');
  const known = rejected.value;
  useEffect(() => {
    if (known) markSeen();
  }, [known]);
  if (!known) return null;
  const loadMore = () => {
    setFailure('');
    loadMoreRejected().catch((error: unknown) => setFailure(explain(error)));
  };
  return (
    <section class="rejected" aria-labelledby="rejected">
      <h2 id="rejected">Refused uploads</h2>
      <p class="lead">
        {known.list.length === 0
          ? 'None in the last 30 days. What a camera sends that is no picture, or a broken one, is told here.'
          : 'What a camera sent in the last 30 days and was not published, and why.'}
      </p>
      <ul class="rejected-list">
        {known.list.map(({ id, fileName, instance, reason, message, size, received }) => (
          <li key={id} class="rejected-item">
            <Icon name="warning" />
            <div>
              <p class="rejected-message">{message}</p>
              <p class="rejected-file">
                <bdi>{fileName}</bdi>
              </p>
              <p class="hint">
                {instance !== undefined && (
                  <>
                    <bdi>{instance}</bdi> ·{' '}
                  </>
                )}
                <time dateTime={received} title={moment(received)}>
                  {ago(received, minute.value)}
                </time>{' '}
                · {bytes(size)} · <span class="reason">{reason}</span>
              </p>
            </div>
          </li>
        ))}
      </ul>
      {failure !== '' && <p class="failure">{failure}</p>}
      {known.cursor !== undefined && (
        <button type="button" class="button" onClick={loadMore}>
          Show more
        </button>
      )}
    </section>
  );
}
