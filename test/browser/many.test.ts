import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { fflate } from '../../lambda/test-packages';
import { dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

const DAY = noon(1);
const ADDRESS = `/?day=${dayOf(DAY)}`;

describe('page: many at once', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  // At 12:00 five pictures of the door in eight seconds, then four of the garden, a minute apart, at 11:00 one.
  beforeEach(async function () {
    this.timeout(120_000);
    site = await Site.start();
    await site.addAccount('jane');
    for (let i = 0; i < 5; i++) await see(i * 2000, 'door');
    for (let i = 1; i < 5; i++) await see(minutes(i), 'garden');
    await see(-minutes(30), 'garden');
  });
  afterEach(async () => {
    await visit?.close();
    await site?.stop();
  });

  const see = async (after: number, instance: string) =>
    void (await site.see('jane', { at: new Date(DAY.getTime() + after), instance }));
  const open = async (options = {}) => {
    visit = await Visit.open(chromium.browser, site, options);
    await visit.logIn('jane', ADDRESS);
    await visit.cards.first().waitFor();
    return visit.page;
  };
  const selection = (page: Page) => page.getByRole('region', { name: 'Selection' });
  const says = (page: Page, text: string) => selection(page).getByText(text).waitFor();
  const kept = async () => {
    const { events } = await (await site.api('jane')).read('/api/events?kept=true');
    return Array.isArray(events) ? events.map(({ note }) => note) : [];
  };

  it('Ctrl selects one, Shift a range, and "select all" all that is shown; an hour is selected by its name', async () => {
    const page = await open();
    await visit.cards.nth(0).click({ modifiers: ['Control'] });
    await says(page, '1 picture');
    await visit.cards.nth(3).click({ modifiers: ['Shift'] });
    await says(page, '4 pictures');
    await visit.cards.nth(3).click();
    await says(page, '3 pictures');
    await page.getByRole('button', { name: 'Stop selecting' }).click();
    await selection(page).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await page.getByRole('button', { name: 'Select 12:00' }).click();
    await says(page, '9 pictures');
    await page.getByRole('button', { name: 'Select all' }).click();
    await says(page, '10 pictures');
    await visit.screenshot('selection-desktop');
  });

  it('a finger that rests selects; a press then selects the next, and all of them are deleted', async () => {
    const page = await open(PHONE);
    const box = await visit.cards.nth(0).boundingBox();
    if (!box) throw new Error('The tile is not there.');
    const session = await page.context().newCDPSession(page);
    const touchPoints = [{ x: box.x + 40, y: box.y + 40 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await says(page, '1 picture');
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await visit.cards.nth(4).tap();
    await says(page, '6 pictures');
    expect(page.url()).not.to.include('event=');
    await visit.screenshot('selection-phone');
    await page.getByRole('button', { name: 'Delete' }).tap();
    await page.getByRole('dialog', { name: 'Delete 6 pictures?' }).getByRole('button', { name: 'Delete' }).tap();
    await page.getByText('6 pictures deleted.').waitFor();
    await page.waitForFunction(() => document.querySelectorAll('a.card').length === 4);
    const { total } = await (await site.api('jane')).read(`/api/days/${dayOf(DAY)}`);
    expect(total).to.equal(4);
  });

  it('a burst is downloaded as one zip, byte for byte what the camera sent, under its names', async () => {
    const page = await open();
    await visit.cards.nth(4).click();
    await visit.lightbox();
    await page.getByRole('button', { name: 'This burst' }).click();
    await page.getByRole('button', { name: 'Download as one zip' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('dialog', { name: 'Download 5 pictures' }).getByRole('button', { name: 'Download' }).click();
    const saved = await download;
    expect(saved.suggestedFilename()).to.equal(`${dayOf(DAY)} 12-00-00 door.zip`);
    const files = Object.entries(fflate.unzipSync(await readFile(await saved.path())));
    expect(files).to.have.length(5);
    for (const [name, bytes] of files) {
      const { body } = await site.cloud.object(`jane/${name}`, site.cloud.uploads);
      expect(Buffer.from(bytes).equals(body), name).to.equal(true);
    }
  });

  it('an event and a burst are kept with a note, are shown among what is kept, and can be let go', async () => {
    const page = await open();
    await visit.cards.nth(0).click();
    await visit.lightbox();
    await page.getByRole('button', { name: 'Keep for ever' }).click();
    await page.getByLabel('Note').fill('The garden at noon');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByText('Kept for ever: The garden at noon').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    await visit.cards.nth(4).click({ modifiers: ['Control'] });
    await selection(page).getByRole('button', { name: 'Keep' }).click();
    await page.getByLabel('Note').fill('At the door');
    await page.getByRole('button', { name: 'Keep', exact: true }).last().click();
    await page.getByText('5 pictures kept.').waitFor();
    expect(await kept()).to.deep.equal(['The garden at noon', ...Array.from({ length: 5 }, () => 'At the door')]);
    await page.getByRole('button', { name: 'Kept', exact: true }).click();
    await page.getByRole('heading', { name: 'Kept for ever' }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('a.card').length === 2);
    await visit.screenshot('kept-desktop');
    await visit.cards.nth(1).click();
    await visit.lightbox();
    await page.getByRole('button', { name: 'This burst' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep for ever' }).last().click();
    await page.getByRole('button', { name: 'Keep no longer' }).click();
    await page.getByText('5 pictures no longer kept.').waitFor();
    expect(await kept()).to.deep.equal(['The garden at noon']);
  });

  it('every picture can be shown by itself, and be selected', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Every picture' }).click();
    await page.waitForFunction(() => document.querySelectorAll('a.card').length === 10);
    await visit.cards.nth(6).click({ modifiers: ['Control'] });
    await says(page, '1 picture');
    await selection(page).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: 'Delete 1 picture?' }).getByRole('button', { name: 'Delete' }).click();
    await page.waitForFunction(() => document.querySelectorAll('a.card').length === 9);
    await page.getByRole('button', { name: 'Every picture' }).click();
    await page.locator('.card-count', { hasText: '4' }).waitFor();
  });
});
