import { announcement, dismiss, notices } from '../state/notices';
import { Icon } from './icons';

/** The messages of the moment; a dialog that covers the page has its own, as the rest of the page is out of reach. */
export function Notices() {
  return (
    <div class="notices">
      <div role="status" aria-live="polite">
        {notices.value.map(({ number, text, isFailure }) => (
          <div key={number} class={`notice ${isFailure ? 'is-failure' : ''}`}>
            <Icon name={isFailure ? 'warning' : 'check'} />
            <span dir="auto">{text}</span>
            <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(number)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
      <p class="unseen" aria-live="polite">
        {announcement.value}
      </p>
    </div>
  );
}
