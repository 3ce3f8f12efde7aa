import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

const DAY = noon(1);
const ADDRESS = `/?day=${dayOf(DAY)}`;

describe('page: one event, and who is on it', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  beforeEach(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    const see = (minute: number, ...faces: number[]) =>
      site.see('jane', { at: new Date(DAY.getTime() + minutes(minute)), instance: 'door', faces });
    await see(0, 1);
    await see(1, 2);
    await see(2, 1, 2);
    await see(3);
  });
  afterEach(async () => {
    await visit?.close();
    await site?.stop();
  });

  const open = async (options = {}, path = ADDRESS) => {
    visit = await Visit.open(chromium.browser, site, options);
    await visit.logIn('jane', path);
    return visit.page;
  };
  const shows = (page: Page, time: string) =>
    page.waitForFunction((text) => document.querySelector('.lightbox-title')?.textContent?.includes(text), time);
  const face = (page: Page, name: string) =>
    page.locator('.pswp__item[aria-hidden="false"]').getByRole('button', { name: `Face: ${name}` });

  it('keys go through time, right is later, back to where it was opened, and the address follows', async () => {
    const page = await open();
    await visit.cards.nth(1).click();
    await visit.lightbox();
    await shows(page, '12:02:00');
    await page.keyboard.press('ArrowLeft');
    await shows(page, '12:01:00');
    await page.keyboard.press('ArrowRight');
    await shows(page, '12:02:00');
    await page.keyboard.press('ArrowRight');
    await shows(page, '12:03:00');
    expect(page.url()).to.include('event=');
    await page.keyboard.press('Escape');
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    expect(page.url()).not.to.include('event=');
    await page.goForward();
    await visit.lightbox();
    await page.goBack();
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
  });

  it('a finger swipes to the one before', async () => {
    const page = await open(PHONE);
    await visit.cards.nth(0).tap();
    await visit.lightbox();
    await shows(page, '12:03:00');
    await page.locator('button.lightbox-before:enabled').waitFor();
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x?: number) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: x === undefined ? [] : [{ x, y: 420 }] });
    await touch('touchStart', 50);
    for (let x = 70; x <= 330; x += 20) await touch('touchMove', x);
    await touch('touchEnd');
    await shows(page, '12:02:00');
  });

  it('region and faces lie where they are on the picture, and can be put away', async () => {
    const page = await open();
    await visit.cards.nth(3).click();
    await visit.lightbox();
    const part = await page.evaluate(() => {
      const item = document.querySelector('.pswp__item[aria-hidden="false"]');
      const picture = item?.querySelector('img.pswp__img:last-of-type')?.getBoundingClientRect();
      const mark = item?.querySelector('.mark.face')?.getBoundingClientRect();
      if (!picture || !mark) return [];
      return [(mark.left - picture.left) / picture.width, mark.width / picture.width, mark.height / picture.height];
    });
    expect(part[0]).to.be.closeTo(60 / 640, 0.01);
    expect(part[1]).to.be.closeTo(130 / 640, 0.01);
    expect(part[2]).to.be.closeTo(160 / 480, 0.01);
    await page.getByRole('button', { name: 'Region and faces' }).click();
    expect(await page.locator('.stage-marks').first().isVisible()).to.equal(false);
  });

  it('a person who is named on one picture has the name on the others', async () => {
    const page = await open();
    await visit.cards.nth(3).click();
    await visit.lightbox();
    await face(page, 'Who is this?').click();
    await page.getByLabel('Name').fill('Ada');
    await page.getByRole('button', { name: 'Save' }).click();
    await face(page, 'Ada').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    expect(await visit.texts()).to.deep.equal([
      '12:03:00 door',
      '12:02:00 door Ada Unknown',
      '12:01:00 door Unknown',
      '12:00:00 door Ada',
    ]);
  });

  it('a name that is taken offers to merge; then both are one', async () => {
    const page = await open();
    visit.expected.push(/status of 409/);
    for (const nth of [3, 2]) {
      await visit.cards.nth(nth).click();
      await visit.lightbox();
      await face(page, 'Who is this?').click();
      await page.getByLabel('Name').fill('Ada');
      await page.getByRole('button', { name: 'Save' }).click();
      if (nth === 2) await page.getByRole('button', { name: 'Merge' }).click();
      await face(page, 'Ada').waitFor();
      await page.keyboard.press('Escape');
      await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    }
    await page.waitForFunction(() => document.querySelectorAll('.card-people > .chip').length === 3);
    expect(await visit.texts()).to.deep.equal([
      '12:03:00 door',
      '12:02:00 door Ada',
      '12:01:00 door Ada',
      '12:00:00 door Ada',
    ]);
    await page.getByRole('link', { name: 'Persons' }).click();
    await page.getByRole('button', { name: /Ada.*show the events/s }).waitFor();
    expect(await page.locator('.person').count()).to.equal(1);
  });

  it('somebody who is forgotten is no longer known on any picture, and the pictures stay', async () => {
    const page = await open({}, '/?view=persons');
    await page.locator('.person').first().waitFor();
    expect(await page.locator('.person').count()).to.equal(2);
    await page.getByRole('button', { name: 'Forget Unknown' }).first().click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await page.locator('.person').count()).to.equal(2);
    await page.getByRole('button', { name: 'Forget Unknown' }).first().click();
    await page.getByRole('button', { name: 'Forget', exact: true }).click();
    await page.waitForFunction(() => document.querySelectorAll('.person').length === 1);
    const api = await site.api('jane');
    const { events } = await api.read(`/api/events?day=${dayOf(DAY)}`);
    const faces = (Array.isArray(events) ? events : []).flatMap((event) => event.faces);
    expect(faces).to.have.length(4);
    expect(faces.filter((one) => one.person === undefined)).to.have.length(2);
  });

  it('what is deleted is gone, after it was confirmed, and the next one is shown', async () => {
    const page = await open();
    await visit.cards.nth(0).click();
    await visit.lightbox();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.keyboard.press('Escape');
    await shows(page, '12:03:00');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: 'Delete this event?' }).getByRole('button', { name: 'Delete' }).click();
    await shows(page, '12:02:00');
    await visit.lightbox();
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelectorAll('a.card').length === 3);
    const { events } = await (await site.api('jane')).read(`/api/events?day=${dayOf(DAY)}`);
    expect(events).to.have.length(3);
  });

  it('a camera whose events are all deleted is still shown', async () => {
    const api = await site.api('jane');
    const { events } = await api.read(`/api/events?day=${dayOf(DAY)}`);
    for (const { id } of Array.isArray(events) ? events : []) {
      expect((await api.send('DELETE', `/api/events/${id}`)).status).to.equal(204);
    }
    const page = await open({}, '/?view=cameras');
    await page.getByRole('article', { name: 'door' }).getByText('No event is kept').waitFor();
  });

  it('the picture can be saved under the name that the camera gave it', async () => {
    const page = await open();
    await visit.cards.nth(0).click();
    await visit.lightbox();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).to.match(/^\d+_6-000000_camera_200-200-400-400_24_4\.jpg$/);
  });
});
