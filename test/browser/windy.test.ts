import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { originOf } from '../../lambda/lib/ingest/event';
import { fflate, sharp } from '../../lambda/test-packages';
import { BURGLAR_PICTURES, HEIGHT, WIDTH, WINDY_PICTURES } from '../../tasks/lib/demo/windy-day';
import { type NamedPicture, namedPictures, writePictures } from '../lambda/gallery/windy-day';
import { dayOf, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

/** Yesterday's midnight in Brussels. */
const MIDNIGHT = new Date(noon(1).getTime() - 12 * 3_600_000);

describe('page: the morning after a windy day', function () {
  this.timeout(240_000);
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;
  let pictures: NamedPicture[];

  before(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    pictures = namedPictures(MIDNIGHT);
    const drawn = async (background: string) =>
      await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background } })
        .jpeg()
        .toBuffer();
    const isBurglar = ({ subject }: NamedPicture) => subject === 'burglar';
    const bytes = { garden: await drawn('#5b8a4a'), frontdoor: await drawn('#cdc3af') };
    // The burglar's pictures go the whole way.
    const lambda = site.cloud.lambda();
    for (const { fileName, time, region } of pictures.filter(isBurglar)) {
      const [left, top, right, bottom] = region;
      const coat = {
        create: { width: right - left, height: bottom - top, channels: 3, background: '#c83c32' },
      } as const;
      const input = await sharp(coat).png().toBuffer();
      const body = await sharp(bytes.garden).composite([{ input, left, top }]).jpeg().toBuffer();
      const record = await site.cloud.upload(`jane/${fileName}`, body);
      await lambda({ Records: [{ ...record, eventTime: time.toISOString() }] });
    }
    await writePictures(
      site.cloud,
      'jane',
      pictures.filter((picture) => !isBurglar(picture)),
      bytes,
    );
    const api = await site.api('jane');
    expect((await api.send('PATCH', '/api/account', { timeZone: 'Europe/Brussels' })).status).to.equal(200);
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  for (const [size, options] of Object.entries({ phone: PHONE, desktop: {} })) {
    it(`finds the burglar in three presses from the login, plays him, keeps him and takes him home, on a ${size}`, async () => {
      visit = await Visit.open(chromium.browser, site, options);
      const { page } = visit;
      page.setDefaultTimeout(60_000);
      const asked: string[] = [];
      page.on('request', (request) => {
        if (request.url().includes('/api/')) asked.push(new URL(request.url()).pathname);
      });
      await visit.logIn('jane');
      // One: the day before. Two: what is unusual stands first.
      await page.getByRole('button', { name: 'Day before with events' }).click();
      await page.getByText(`${WINDY_PICTURES.toLocaleString('en')} events`).waitFor();
      const unusual = page.getByRole('region', { name: /^Unusual/ });
      await unusual.waitFor();
      await visit.screenshot(`windy-${size}`);
      asked.length = 0;
      await page.getByRole('link', { name: /Show all that is unusual/ }).click();
      // Three: the one in the night.
      const burglar = page.locator('a.card', { hasText: '02:50:00' });
      await burglar.waitFor();
      expect(asked.filter((path) => path.startsWith('/api/bursts'))).to.have.length.at.most(2);
      expect(await burglar.innerText()).to.include(String(BURGLAR_PICTURES));
      await burglar.click();
      await visit.lightbox();

      const times = new Set<string>();
      for (let i = 0; i < 600 && !times.has('02:50:48'); i++) {
        times.add((await page.locator('.lightbox-time').innerText()).slice(0, 8));
        await page.waitForTimeout(50);
      }
      expect([...times]).to.deep.equal([...times].sort());
      expect(times.size).to.be.above(8);
      expect([...times].at(-1)).to.equal('02:50:48');
      await visit.screenshot(`burglar-${size}`);

      const menu = async (what: string) => {
        await page.getByRole('button', { name: 'This burst' }).click();
        await page
          .getByRole('dialog', { name: /This burst/ })
          .getByRole('button', { name: what })
          .click();
      };
      await menu('Download as one zip');
      const download = page.waitForEvent('download');
      await page
        .getByRole('dialog', { name: 'Download 25 pictures' })
        .getByRole('button', { name: 'Download' })
        .click();
      const files = fflate.unzipSync(await readFile(await (await download).path()));
      const expected = pictures.filter(({ subject }) => subject === 'burglar').map(({ fileName }) => fileName);
      expect(Object.keys(files)).to.have.members(expected);
      for (const [name, bytes] of Object.entries(files)) {
        const { body } = await site.cloud.object(`jane/${name}`, site.cloud.uploads);
        expect(Buffer.from(bytes).equals(body), name).to.equal(true);
      }

      await menu('Keep for ever');
      await page.getByLabel('Note').fill(`Ten to three, ${size}`);
      await page.getByRole('button', { name: 'Keep', exact: true }).click();
      await page.getByText(`${BURGLAR_PICTURES} pictures kept.`).waitFor();
      const [first = ''] = expected;
      const event = await (await site.api('jane')).read(`/api/events/${originOf(`jane/${first}`).id}`);
      expect(event).to.include({ kept: true, note: `Ten to three, ${size}` });
    });
  }

  it('opening the day asks the API for it a handful of times, and scrolling through all of it a few more', async () => {
    visit = await Visit.open(chromium.browser, site);
    const { page } = visit;
    page.setDefaultTimeout(60_000);
    await visit.logIn('jane');
    // What the page of today asks is none of it.
    await page.getByRole('heading', { name: /^No events on/ }).waitFor();
    await page.waitForLoadState('networkidle');
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/api/')) asked.push(pathname);
    });
    await page.goto(`${site.url}/?day=${dayOf(MIDNIGHT)}`);
    await page.getByRole('region', { name: /^Unusual/ }).waitFor();
    const of = (path: string) => asked.filter((one) => one.startsWith(path)).length;
    // The account, its cameras, refused uploads and persons; the month, the day, its bursts, and what is unusual; the last
    // two once more where the machine is so busy that it is looked for what is new before they are there.
    expect(of('/api/bursts')).to.be.within(2, 4);
    expect(
      of('/api/account') + of('/api/instances') + of('/api/rejected') + of('/api/persons') + of('/api/months'),
    ).to.be.at.most(5);
    for (let i = 0; i < 40 && (await page.locator('.more button').count()) > 0; i++) {
      await page.mouse.wheel(0, 20_000);
      await page.waitForTimeout(150);
    }
    await page.getByRole('heading', { name: /^01:00/ }).waitFor();
    expect(of('/api/bursts')).to.be.at.most(8);
    expect(of('/api/events')).to.equal(0);
  });

  it('a part of the picture is drawn by keyboard, and only what moved there is shown', async () => {
    visit = await Visit.open(chromium.browser, site);
    const { page } = visit;
    page.setDefaultTimeout(60_000);
    await visit.logIn('jane', `/?day=${dayOf(MIDNIGHT)}`);
    await visit.cards.first().waitFor();
    await page.getByRole('button', { name: 'Where', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Where things moved' });
    await dialog.getByLabel('Camera').selectOption({ label: 'garden' });
    const field = dialog.getByRole('application');
    await field.focus();
    await page.keyboard.press('Enter');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight');
    await visit.screenshot('heat-desktop');
    await dialog.getByRole('button', { name: 'Show what moved here' }).click();
    await dialog.waitFor({ state: 'detached' });
    // The burglar comes into it with his seventh picture.
    await page.locator('a.card', { hasText: '02:50:12' }).first().waitFor();
    expect(page.url()).to.include('area=350%2C350%2C750%2C650');
    const total = await page.locator('.day-total').innerText();
    expect(Number(total.replace(/\D/g, ''))).to.be.within(BURGLAR_PICTURES - 6, BURGLAR_PICTURES - 6 + 29);
  });
});
