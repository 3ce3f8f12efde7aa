import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Grunt } from '../kerberos';
import { PHONE, useBrowser, Visit } from './browser';

/** Where it is about noon: what happened minutes ago was today. (`Etc/GMT-5` is five hours ahead of UTC.) */
function zoneAtNoon(): string {
  const ahead = 12 - new Date().getUTCHours();
  return `Etc/GMT${ahead < 0 ? '+' : '-'}${Math.abs(ahead)}`;
}

describe('page: the demo', function () {
  this.timeout(1_500_000);
  const chromium = useBrowser();
  let data: string;
  let demo: Grunt;

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'demo-'));
    demo = new Grunt(['demo', `--data=${data}`, '--verbose'], {});
  });
  after(async () => {
    demo.process.kill('SIGINT');
    const code = await demo.ended();
    await rm(data, { recursive: true });
    expect(code, demo.output).to.equal(0);
  });

  it('prints an address and a login; there, events arrive live and faces are marked, named and merged', async () => {
    await demo.says(/Open http\S+ and log in as home with \S+/, 120_000);
    const [, url = '', password = ''] = /Open (\S+) and log in as home with (\S+)/.exec(demo.output) ?? [];
    const visit = await Visit.open(chromium.browser, { url }, { ...PHONE, timezoneId: zoneAtNoon() });
    const { page } = visit;
    // Minutes on a machine that has other things to do: whose faces are in the backlog is found out at the same time.
    page.setDefaultTimeout(300_000);
    await visit.logIn('home', '/', password);
    await visit.cards.first().waitFor();
    // Another visit is another burst, at the top.
    const before = await visit.cards.first().getAttribute('data-event');
    await page.waitForFunction((id) => {
      return document.querySelector<HTMLElement>('.hour:not(.unusual) a.card')?.dataset.event !== id;
    }, before);

    // Somebody came by twice, was filmed, and was seen by a camera that hung on its side.
    await demo.says(/(on it: [\s\S]*){4}/, 600_000);
    await page.getByRole('link', { name: 'Persons' }).click();
    await page.getByRole('button', { name: 'Name Unknown' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Name Unknown' }).first().click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Eileen');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Rename Eileen' }).waitFor();
    await page.getByRole('button', { name: 'Name Unknown' }).click();
    await page.getByRole('group', { name: 'Or somebody you know' }).getByRole('button', { name: 'Eileen' }).click();
    await page.getByRole('button', { name: 'Merge' }).click();
    await page.getByRole('button', { name: 'Name Unknown' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /Eileen.*show the events/s }).click();
    await visit.hasCards(4);
    for (const text of await visit.texts()) expect(text).to.match(/(frontdoor|garden) Eileen$/);
    expect(await visit.cards.locator('.face').count()).to.equal(3);
    await visit.screenshot('phone-light-demo');
    await visit.close();
  });
});
