import { Icon } from './icons';

/** In the place of what could not be loaded: what it is, why, and a way to try again. */
export function LoadFailure({ what, why, onRetry }: { what: string; why: string; onRetry: () => void }) {
  return (
    <div class="empty" role="alert">
      <Icon name="offline" />
      <h2>The {what} could not be loaded</h2>
      <p>{why}</p>
      <button type="button" class="button is-main" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
