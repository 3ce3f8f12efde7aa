import { expect } from 'chai';
import { dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

const DAY = noon(1);
const ADDRESS = `/?day=${dayOf(DAY)}`;

/** Shown at once: a page's worth of events, at the door from 12:00 on. */
const FIRST = 60;

describe('page: while things happen', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  beforeEach(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    await see(0, FIRST);
  });
  afterEach(async () => {
    await visit?.close();
    await site?.stop();
  });

  /** One event a minute, from so many minutes behind noon on. */
  const see = async (from: number, number: number, instance = 'door') => {
    for (let i = from; i < from + number; i++) {
      await site.see('jane', { at: new Date(DAY.getTime() + minutes(i)), instance });
    }
  };
  const open = async (path = ADDRESS, options = {}) => {
    visit = await Visit.open(chromium.browser, site, options);
    await visit.logIn('jane', path);
    await visit.cards.first().waitFor();
    return visit.page;
  };

  it('none is missing when more came than a page holds while somebody was further down', async () => {
    const page = await open();
    await page.mouse.wheel(0, 1500);
    await page.waitForFunction(() => scrollY > 1000);
    await see(FIRST, 70);
    await page.getByRole('button', { name: 'More than 60 new events' }).click();
    await page.waitForFunction(() => scrollY === 0);
    await page.waitForFunction(() => document.querySelector('a.card')?.textContent?.includes('14:09:00'));
    for (let i = 0; i < 20 && (await visit.cards.count()) < FIRST + 70; i++) {
      await page.mouse.wheel(0, 20_000);
      await page.waitForTimeout(200);
    }
    const ids = await visit.cards.evaluateAll((cards) => cards.map((card) => card.getAttribute('data-event')));
    expect([ids.length, new Set(ids).size]).to.deep.equal([FIRST + 70, FIRST + 70]);
  });

  it('does not push away what the keyboard is on', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    await visit.cards.nth(2).focus();
    const before = await page.locator('a.card:focus').boundingBox();
    await see(FIRST, 1);
    await page.getByRole('button', { name: '1 new event' }).waitFor();
    expect((await page.locator('a.card:focus').boundingBox())?.y).to.equal(before?.y);
  });

  it('Escape twice, quickly, closes two dialogs and leaves the page where it was', async () => {
    const page = await open();
    // Something to go back to by mistake.
    await visit.goto('/?view=cameras');
    await visit.goto(ADDRESS);
    await visit.cards.first().click();
    await visit.lightbox();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Delete this event?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.locator('dialog').first().waitFor({ state: 'detached' });
    await page.waitForTimeout(500);
    expect(page.url()).to.equal(site.url + ADDRESS);
  });

  it('closing an event comes back to the one that was looked at last', async () => {
    const page = await open();
    await visit.cards.first().click();
    await visit.lightbox();
    for (let i = 1; i <= 30; i++) {
      await page.locator('button.lightbox-before:enabled').waitFor();
      await page.keyboard.press('ArrowLeft');
      await page
        .getByText(`12:${String(FIRST - 1 - i).padStart(2, '0')}:00`, { exact: false })
        .last()
        .waitFor();
    }
    await page.keyboard.press('Escape');
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.matches('a.card'));
    const { index, top, bottom } = await page.locator('a.card:focus').evaluate((card) => ({
      index: [...document.querySelectorAll('a.card')].indexOf(card),
      top: card.getBoundingClientRect().top,
      bottom: card.getBoundingClientRect().bottom,
    }));
    expect(index).to.equal(30);
    expect(top).to.be.above(150);
    expect(bottom).to.be.below(900);
  });

  it('a picture that did not load without a connection, and the list, go on when it is back', async () => {
    await see(FIRST, 10);
    const page = await open(ADDRESS, PHONE);
    visit.expected.push(/ERR_INTERNET_DISCONNECTED/);
    await page.waitForTimeout(2500);
    await page.context().setOffline(true);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.getByText('The events that follow could not be loaded.').waitFor();
    await visit.cards.nth(50).click();
    await page.locator('dialog.lightbox').getByText('Not connected. The picture appears').first().waitFor();
    await page.locator('dialog.lightbox .banner').waitFor();
    await page.context().setOffline(false);
    await visit.lightbox();
    expect(await page.locator('.pswp__item[aria-hidden="false"] .pswp__error-msg').count()).to.equal(0);
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelectorAll('a.card').length === 70);
  });

  it('where a camera is, it may be tomorrow already: its events can be reached', async () => {
    const zone = 'Pacific/Kiritimati';
    const tomorrow = new Date().toLocaleDateString('en-CA', { timeZone: zone });
    const api = await site.api('jane');
    expect((await api.send('PATCH', '/api/account', { timeZone: 'Etc/GMT+12' })).status).to.equal(200);
    const { instances } = await api.read('/api/instances');
    const id = Array.isArray(instances) ? instances[0]?.id : '';
    expect((await api.send('PATCH', `/api/instances/${id}`, { timeZone: zone })).status).to.equal(200);
    await site.see('jane', { at: new Date(), instance: 'door' });
    visit = await Visit.open(chromium.browser, site, {});
    await visit.logIn('jane');
    await visit.page.locator(`.calendar-day[data-day="${tomorrow}"]:not([data-count="0"])`).click();
    await visit.cards.first().waitFor();
    expect(visit.page.url()).to.include(`day=${tomorrow}`);
  });

  it('the histogram is at the hour that was jumped to, also where it cannot come to the top', async () => {
    await see(-180, 3, 'garden');
    const page = await open();
    await page.mouse.wheel(0, 20_000);
    await page.getByRole('heading', { name: '09:00 3 events' }).waitFor();
    await page.evaluate(() => scrollTo(0, 0));
    const slider = page.getByRole('slider', { name: 'Jump to an hour of the day' });
    await slider.focus();
    await page.keyboard.press('Home');
    await page.waitForFunction(
      () => document.querySelector('.histogram-input')?.getAttribute('aria-valuetext') === '09:00, 3 events',
    );
  });
});
