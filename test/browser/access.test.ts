import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { filmOf } from '../../lambda/lib/ingest/video-frames';
import { axeFaults } from './axe';
import { DESKTOP, dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

const DAY = noon(1);
const VIDEO = readFileSync(join(__dirname, '..', 'fixtures', 'face.mp4'));

/** Opens the lightbox at the first burst. */
async function openBurst(visit: Visit): Promise<void> {
  await visit.page.locator('a.card.is-burst').first().click();
  await visit.lightbox();
}

/** What can be looked at: how it is reached from its address, and when it is there. */
const VIEWS: { name: string; path: string; act?: (visit: Visit) => Promise<unknown>; ready: string }[] = [
  { name: 'day', path: `/?day=${dayOf(DAY)}`, ready: 'a.card' },
  { name: 'empty', path: '/?day=2020-01-01', ready: '.empty' },
  {
    name: 'event',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => {
      await visit.cards.first().click();
      await visit.lightbox();
    },
    ready: '.lightbox',
  },
  {
    name: 'naming',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => {
      await visit.cards.first().click();
      await visit.lightbox();
      await visit.page.locator('.pswp__item[aria-hidden="false"] button.mark').first().click();
    },
    ready: '.lightbox .dialog',
  },
  { name: 'burst', path: `/?day=${dayOf(DAY)}`, act: openBurst, ready: '.lightbox input[type="range"]' },
  {
    name: 'burst menu',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => {
      await openBurst(visit);
      await visit.page.getByRole('button', { name: /^This burst/ }).click();
    },
    ready: '.lightbox .dialog',
  },
  {
    name: 'keeping',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => {
      await openBurst(visit);
      await visit.page.getByRole('button', { name: 'Keep for ever' }).click();
    },
    ready: '.lightbox textarea',
  },
  {
    name: 'video',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => await visit.page.locator('a.card:has(.card-length)').first().click(),
    ready: '.pswp__item[aria-hidden="false"] video',
  },
  {
    name: 'selection',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => {
      await visit.page.getByRole('button', { name: 'Select', exact: true }).click();
      await visit.page.getByRole('button', { name: 'Select all' }).click();
    },
    ready: '.selection',
  },
  {
    name: 'heat',
    path: `/?day=${dayOf(DAY)}`,
    act: async (visit) => {
      await visit.page.getByRole('button', { name: 'Where', exact: true }).click();
      await visit.page.getByRole('application').press('Enter');
    },
    ready: '.area-drawn',
  },
  { name: 'label', path: `/?day=${dayOf(DAY)}&label=vehicle`, ready: 'a.card' },
  { name: 'unusual', path: `/?day=${dayOf(DAY)}&unusual=true`, ready: 'a.card' },
  { name: 'persons', path: '/?view=persons', ready: '.person' },
  { name: 'cameras', path: '/?view=cameras', ready: '.camera:not(.bone)' },
  { name: 'account', path: '/?view=account', ready: '.panel' },
];

describe('page: for everybody', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;
  before(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    const names = ['front door', 'garden', 'garage', 'a camera with quite a long name behind the house'];
    for (let i = 0; i < 40; i++) {
      const at = new Date(DAY.getTime() + minutes(i * 7 - 200));
      const faces = i % 3 === 0 ? [1 + ((i / 3) % 3)] : [];
      await site.see('jane', { at, instance: names[i % names.length] ?? '', faces: faces.map(Math.floor) });
    }
    await site.see('jane', { at: DAY, instance: 'garage', body: Buffer.alloc(5000, 7) });
    const early = DAY.getTime() - minutes(300);
    for (let i = 0; i < 4; i++) {
      await site.see('jane', { at: new Date(early + i * 2000), instance: 'drive', labels: ['person', 'vehicle'] });
    }
    const withoutFaces = site.cloud.lambda({ film: filmOf });
    const video = { at: new Date(early - minutes(5)), instance: 'drive', body: VIDEO, ending: '.mp4' } as const;
    await site.see('jane', video, withoutFaces);
    const api = await site.api('jane');
    const { persons } = await api.read('/api/persons');
    const [first, second] = Array.isArray(persons) ? persons : [];
    await api.send('PATCH', `/api/persons/${first.id}`, { name: 'Ada Lovelace' });
    await api.send('PATCH', `/api/persons/${second.id}`, { name: 'Charles' });
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  for (const [size, options] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`axe finds nothing on any view, on a ${size}, ${colorScheme}`, async function () {
        this.timeout(600_000);
        visit = await Visit.open(chromium.browser, site, { ...options, colorScheme, reducedMotion: 'reduce' });
        await visit.goto();
        await visit.page.getByRole('button', { name: 'Log in' }).waitFor();
        expect(await axeFaults(visit.page), 'login').to.deep.equal([]);
        await visit.screenshot(`${size}-${colorScheme}-login`);
        await visit.logIn('jane');
        for (const { name, path, act, ready } of VIEWS) {
          await visit.goto(path);
          if (act) {
            await visit.cards.first().waitFor();
            await act(visit);
          }
          await visit.page.locator(ready).first().waitFor();
          await visit.page.waitForLoadState('networkidle');
          expect(await axeFaults(visit.page), name).to.deep.equal([]);
          await visit.screenshot(`${size}-${colorScheme}-${name}`);
        }
      });
    }
  }

  it('nothing is wider than a screen of 320 pixels, and what is touched is 44 pixels high', async () => {
    visit = await Visit.open(chromium.browser, site, { viewport: { width: 320, height: 640 }, hasTouch: true });
    await visit.logIn('jane');
    for (const { name, path, act, ready } of VIEWS) {
      await visit.goto(path);
      if (act) {
        await visit.cards.first().waitFor();
        await act(visit);
      }
      await visit.page.locator(ready).first().waitFor();
      const { overflow, small } = await visit.page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - innerWidth,
        small: [...document.querySelectorAll('button, a[href], select, input, summary')].flatMap((element) => {
          const { height, width } = element.getBoundingClientRect();
          const counts = width > 1 && !element.matches('[type="checkbox"], .histogram-input, .mark, .skip');
          return counts && height < 43.5 ? [`${element.outerHTML.slice(0, 120)} ${height}`] : [];
        }),
      }));
      expect(overflow, name).to.be.at.most(0);
      expect(small, name).to.deep.equal([]);
    }
  });

  it('the keyboard alone plays a burst, keeps it with a note, and selects', async () => {
    visit = await Visit.open(chromium.browser, site, { ...DESKTOP, reducedMotion: 'reduce' });
    const { page } = visit;
    const { keyboard } = page;
    await visit.logIn('jane', `/?day=${dayOf(DAY)}`);
    const tabTo = async (selector: string) => {
      for (let i = 0; i < 60; i++) {
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
        await keyboard.press('Tab');
      }
      throw new Error(`Tab does not come to ${selector}.`);
    };
    await page.locator('a.card.is-burst').focus();
    await keyboard.press('Enter');
    await visit.lightbox();
    await tabTo('[aria-label="Play"]');
    await keyboard.press('Enter');
    await page.locator('.lightbox-count', { hasText: '4 of 4' }).waitFor();
    await tabTo('.lightbox input[type="range"]');
    await keyboard.press('Home');
    await page.locator('.lightbox-count', { hasText: '1 of 4' }).waitFor();
    await tabTo('[aria-label^="This burst"]');
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: /^This burst/ }).waitFor();
    await keyboard.press('Enter');
    await page.getByLabel('Note').waitFor();
    await keyboard.type('By keys alone');
    await tabTo('.dialog .is-main');
    await keyboard.press('Enter');
    await page.getByText('4 pictures kept.').waitFor();
    await keyboard.press('Escape');
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.matches('a.card.is-burst'))).to.equal(true);
    await page.getByRole('button', { name: 'Select', exact: true }).focus();
    await keyboard.press('Enter');
    await page.locator('a.card.is-burst').focus();
    await keyboard.press('Enter');
    await page.getByRole('region', { name: 'Selection' }).getByText('4 pictures').waitFor();
  });

  it('the keyboard alone goes from the log-in to a name', async () => {
    visit = await Visit.open(chromium.browser, site, { ...DESKTOP, reducedMotion: 'reduce' });
    const { page } = visit;
    const { keyboard } = page;
    await visit.goto(`/?day=${dayOf(DAY)}`);
    await page.getByLabel('User').waitFor();
    const tabTo = async (selector: string) => {
      for (let i = 0; i < 60; i++) {
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
          const ring = await page.evaluate(() => {
            const { activeElement } = document;
            return activeElement ? getComputedStyle(activeElement).outlineStyle : 'none';
          });
          expect(ring, `${selector} shows that it has the focus`).not.to.equal('none');
          return;
        }
        await keyboard.press('Tab');
      }
      throw new Error(`Tab does not come to ${selector}.`);
    };
    await tabTo('input[name="user"]');
    await keyboard.type('jane');
    await tabTo('input[name="password"]');
    await keyboard.type('correct horse battery');
    await keyboard.press('Enter');
    await visit.cards.first().waitFor();
    await tabTo('.nav-link');
    await tabTo('.calendar-day');
    await tabTo('a.card');
    const opened = await page.evaluate(() => document.activeElement?.getAttribute('data-event'));
    await keyboard.press('Enter');
    await visit.lightbox();
    await tabTo('.pswp__item[aria-hidden="false"] button.mark');
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Who is this?' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.matches('.dialog input'))).to.equal(true);
    await keyboard.press('ControlOrMeta+A');
    await keyboard.type('Grace');
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Who is this?' }).waitFor({ state: 'detached' });
    await page.locator('.pswp__item[aria-hidden="false"]').getByRole('button', { name: 'Face: Grace' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.matches('button.mark'))).to.equal(true);
    await keyboard.press('Escape');
    await page.locator('dialog.lightbox').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-event'))).to.equal(opened);
  });
});
