import { render } from 'preact';
import { Page } from './page';
import { followDay } from './state/day';
import { startServiceWorker } from './state/push';
import { askSession } from './state/session';

const root = document.getElementById('page');
if (root) {
  render(<Page />, root);
  followDay();
  void askSession();
  startServiceWorker();
}
