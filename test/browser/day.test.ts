import { expect } from 'chai';
import { dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

const YESTERDAY = noon(1);

describe('page: a day', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  before(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    // Yesterday: 70 events at the door from 12:00 on, one of the garden at 08:00, with somebody on it.
    for (let i = 0; i < 70; i++) {
      await site.see('jane', { at: new Date(YESTERDAY.getTime() + minutes(i * 2)), instance: 'front door' });
    }
    await site.see('jane', { at: new Date(YESTERDAY.getTime() - minutes(240)), instance: 'garden', faces: [1] });
    await site.see('jane', { at: noon(3), instance: 'garden' });
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  const open = async (path = `/?day=${dayOf(YESTERDAY)}`, options = {}) => {
    visit = await Visit.open(chromium.browser, site, options);
    await visit.logIn('jane', path);
    await visit.cards.first().waitFor();
    return visit.page;
  };

  it('shows its events, newest first, by hour, and more of them as one scrolls', async () => {
    const page = await open();
    expect(await visit.cards.count()).to.equal(60);
    expect((await visit.texts())[0]).to.equal('14:18:00 front door Usual here');
    expect(await page.getByRole('heading', { level: 2, name: '14:00 10 events' }).count()).to.equal(1);
    await page.mouse.wheel(0, 20_000);
    await visit.hasCards(71);
    expect((await visit.texts()).at(-1)).to.match(/^08:00:00 garden/);
  });

  it('what is unusual stands first, and once more at its hour; where all that is shown is unusual, it is there once', async () => {
    const page = await open();
    await visit.unusual.first().waitFor();
    expect(await visit.texts(visit.unusual)).to.deep.equal(['08:00:00 garden Unknown']);
    await page.goto(`${site.url}/?day=${dayOf(YESTERDAY)}&until=8`);
    await visit.cards.first().waitFor();
    expect(await visit.texts()).to.deep.equal(['08:00:00 garden Unknown']);
    await page.waitForLoadState('networkidle');
    expect(await visit.unusual.count()).to.equal(0);
  });

  it('draws the region where it is on the picture, also where the frame cuts the picture', async () => {
    const page = await open();
    const { width, left } = await page
      .locator('.card-whole .region')
      .first()
      .evaluate((mark) => {
        const whole = mark.parentElement?.getBoundingClientRect();
        const box = mark.getBoundingClientRect();
        return { width: box.width / (whole?.width ?? 1), left: (box.left - (whole?.left ?? 0)) / (whole?.width ?? 1) };
      });
    expect(width).to.be.closeTo(200 / 640, 0.01);
    expect(left).to.be.closeTo(200 / 640, 0.01);
  });

  it('the histogram jumps to an hour that is not loaded yet, by click and by key', async () => {
    const page = await open();
    const bars = await page.locator('.bars').boundingBox();
    if (!bars) throw new Error('There is no histogram.');
    await page.mouse.click(bars.x + (bars.width / 24) * 8.5, bars.y + 30);
    await page.waitForURL(/until=8/);
    await page.getByRole('heading', { name: '08:00 1 event' }).waitFor();
    expect(await visit.cards.count()).to.equal(1);
    await page.getByRole('link', { name: 'Show the newest' }).click();
    await page.getByRole('heading', { name: '14:00 10 events' }).waitFor();
    const slider = page.getByRole('slider', { name: 'Jump to an hour of the day' });
    await slider.focus();
    expect(await slider.getAttribute('aria-valuetext')).to.equal('14:00, 10 events');
    await page.keyboard.press('Home');
    await page.waitForURL(/until=8/);
    await page.goBack();
    await page.getByRole('heading', { name: '14:00 10 events' }).waitFor();
  });

  it('filters by camera and by person, and keeps them in the address', async () => {
    const api = await site.api('jane');
    const { persons } = await api.read('/api/persons');
    const id = String(Array.isArray(persons) ? persons[0]?.id : '');
    expect((await api.send('PATCH', `/api/persons/${id}`, { name: 'Ada' })).status).to.equal(200);
    const page = await open();
    await page.getByRole('combobox', { name: 'Camera', exact: true }).selectOption('garden');
    await visit.hasCards(1);
    expect((await visit.texts())[0]).to.equal('08:00:00 garden Ada');
    await page.getByRole('button', { name: 'Show all' }).click();
    await visit.hasCards(60);
    await page.getByRole('combobox', { name: 'Person', exact: true }).selectOption('Ada');
    await visit.hasCards(1);
    await page.reload();
    await visit.hasCards(1);
    expect(page.url()).to.include(`person=${id}`);
  });

  it('the calendar tells which days have events, and the arrows go from one to the next', async () => {
    const page = await open();
    const days = page.locator('.calendar-day:not([data-count="0"])');
    await days.first().waitFor();
    await page.getByRole('button', { name: 'Day before with events' }).click();
    await page.waitForURL(new RegExp(`day=${dayOf(noon(3))}`));
    await page.getByRole('heading', { name: '12:00 1 event' }).waitFor();
    await page.getByRole('button', { name: 'Day after with events' }).click();
    await page.waitForURL(new RegExp(`day=${dayOf(YESTERDAY)}`));
  });

  it('a link that somebody was sent is followed after the log-in', async () => {
    const api = await site.api('jane');
    const { events } = await api.read(`/api/events?day=${dayOf(noon(3))}`);
    const id = String(Array.isArray(events) ? events[0]?.id : '');
    const page = await open(`/?event=${id}`);
    const box = await visit.lightbox();
    expect(await box.innerText()).to.include('12:00:00');
    expect(page.url())
      .to.include(`event=${id}`)
      .and.include(`day=${dayOf(noon(3))}`);
  });

  it('what is new appears by itself, and does not move what somebody looks at', async () => {
    visit = await Visit.open(chromium.browser, site, {});
    await visit.logIn('jane');
    const { page } = visit;
    await page.getByRole('heading', { name: /^No events on/ }).waitFor();
    await site.see('jane', { at: new Date(), instance: 'live' });
    await visit.cards.first().waitFor();
    expect((await visit.texts())[0]).to.match(/live$/);
    await open();
    const again = visit.page;
    await again.mouse.wheel(0, 1500);
    await again.waitForFunction(() => scrollY > 1000);
    const before = await visit.cards.nth(20).boundingBox();
    await site.see('jane', { at: new Date(YESTERDAY.getTime() + minutes(200)), instance: 'late' });
    const news = again.getByRole('button', { name: '1 new event' });
    await news.waitFor();
    expect((await visit.cards.nth(20).boundingBox())?.y).to.equal(before?.y);
    await news.click();
    await again.waitForFunction(() => scrollY === 0);
    expect((await visit.texts())[0]).to.equal('15:20:00 late');
    // What is unusual is looked for a few times a minute.
    await again.getByRole('heading', { name: 'Unusual 2 bursts' }).waitFor({ timeout: 40_000 });
  });

  it('a signed URL that is no longer good is asked for again', async () => {
    visit = await Visit.open(chromium.browser, site, {});
    visit.expected.push(/status of 403/);
    let refused = 0;
    await visit.page.route('**/events/*/thumbnail', async (route) => {
      const { headers } = await fetch(route.request().url(), {
        redirect: 'manual',
        headers: await route.request().allHeaders(),
      });
      const location = (headers.get('location') ?? '').replace(/X-Amz-Date=\d{8}/, 'X-Amz-Date=20200101');
      refused += 1;
      await route.fulfill({ status: 302, headers: { location } });
    });
    await visit.logIn('jane', `/?day=${dayOf(noon(3))}`);
    await visit.page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>('.card img');
      return image?.complete && image.naturalWidth > 0;
    });
    expect(refused).to.be.above(0);
    expect(await visit.page.locator('.card img').getAttribute('src')).to.match(/thumbnail\?again=\d+$/);
  });

  it('offline, it says so, keeps what it shows, and goes on when the connection is back', async () => {
    const page = await open();
    visit.expected.push(/ERR_INTERNET_DISCONNECTED/);
    await page.context().setOffline(true);
    await page.getByText('Not connected.').waitFor();
    expect(await visit.cards.count()).to.equal(60);
    await page.context().setOffline(false);
    await page.getByText('Not connected.').waitFor({ state: 'detached' });
  });

  it('loads little, shows the first picture soon, and does not move', async () => {
    visit = await Visit.open(chromium.browser, site, PHONE);
    const { page } = visit;
    await visit.logIn('jane', `/?day=${dayOf(YESTERDAY)}`);
    await visit.cards.first().waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    const ownPaths = new Map<string, string>();
    session.on('Network.responseReceived', ({ requestId, response }) => {
      ownPaths.set(requestId, new URL(response.url).pathname);
    });
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (/^\/$|^\/assets\/.*(js|css)$/.test(ownPaths.get(requestId) ?? '')) bytes += encodedDataLength;
    });
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if ('value' in entry) shifts.push(Number(entry.value));
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.reload();
    const picture = await page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>('.card img');
      return image?.complete && image.naturalWidth > 0 && performance.now();
    });
    const milliseconds = Math.round(Number(await picture.jsonValue()));
    await page.waitForTimeout(1500);
    const shift = await page.evaluate(() => {
      const all = 'shifts' in window && Array.isArray(window.shifts) ? window.shifts : [Number.NaN];
      return all.reduce((sum: number, one: number) => sum + one, 0);
    });
    console.log(
      `      first load ${bytes} bytes, first picture after ${milliseconds} ms, layout shift ${shift.toFixed(4)}`,
    );
    expect(bytes).to.be.within(10_000, 100_000);
    expect(milliseconds).to.be.below(20_000);
    expect(shift).to.be.below(0.05);
  });
});
