import { expect } from 'chai';
import { dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

const DAY = noon(1);
const ADDRESS = `/?day=${dayOf(DAY)}`;
const PICTURES = 8;

describe('page: bursts', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  /** Two seconds between two pictures of the burst at the door; one of the garden before, one behind. */
  before(async function () {
    this.timeout(120_000);
    site = await Site.start();
    await site.addAccount('jane');
    await site.see('jane', { at: new Date(DAY.getTime() - minutes(5)), instance: 'garden' });
    for (let i = 0; i < PICTURES; i++) await see(i);
    await site.see('jane', { at: new Date(DAY.getTime() + minutes(5)), instance: 'garden' });
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  const see = async (number: number) => {
    const at = new Date(DAY.getTime() + number * 2000);
    await site.see('jane', { at, instance: 'door', faces: number === 3 ? [1] : [] });
  };
  const time = async () => (await visit.page.locator('.lightbox-time').innerText()).slice(0, 8);
  const open = async (options = {}) => {
    visit = await Visit.open(chromium.browser, site, options);
    await visit.logIn('jane', ADDRESS);
    await visit.cards.first().waitFor();
    return visit.page;
  };

  for (const [size, options] of Object.entries({ phone: PHONE, desktop: {} })) {
    it(`are one tile each; pressed, one plays forwards to its end, on a ${size}`, async () => {
      const page = await open(options);
      const texts = await visit.texts();
      expect(texts).to.have.length(3);
      expect(texts[1]).to.match(/^8\D.*12:00:00–12:00:14 door Unknown$/);
      expect(await page.getByRole('heading', { level: 2, name: `12:00 ${PICTURES + 1} events` }).count()).to.equal(1);
      await visit.screenshot(`bursts-${size}`);
      await visit.cards.nth(1).click();
      await visit.lightbox();
      const seen: string[] = [];
      for (let i = 0; i < 600 && seen.at(-1) !== '12:00:14'; i++) {
        const now = await time();
        if (now !== seen.at(-1)) seen.push(now);
        await page.waitForTimeout(60);
      }
      expect(seen.at(-1)).to.equal('12:00:14');
      expect(seen).to.deep.equal([...seen].sort());
      expect(seen.length).to.be.above(3);
      await page.getByRole('button', { name: 'Play' }).waitFor();
      await visit.screenshot(`burst-${size}`);
    });
  }

  it('can be moved through, and each picture be opened; left and right go on to the bursts around it', async () => {
    const page = await open({ reducedMotion: 'reduce' });
    await visit.cards.nth(1).click();
    await visit.lightbox();
    expect(await time()).to.equal('12:00:00');
    const scrub = page.getByRole('slider', { name: 'Picture of the burst' });
    await scrub.fill('5');
    await page.waitForFunction(() => document.querySelector('.lightbox-title')?.textContent?.includes('12:00:10'));
    expect(await page.locator('.lightbox-count').innerText()).to.include('6 of 8');
    await scrub.fill('7');
    await page.locator('button.lightbox-after:enabled').click();
    await page.waitForFunction(() => document.querySelector('.lightbox-title')?.textContent?.includes('12:05:00'));
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.querySelector('.lightbox-title')?.textContent?.includes('12:00:14'));
    await scrub.fill('0');
    await page.locator('button.lightbox-before:enabled').click();
    await page.waitForFunction(() => document.querySelector('.lightbox-title')?.textContent?.includes('11:55:00'));
    // The address of any picture opens it among its burst's.
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('.lightbox-title')?.textContent?.includes('12:00:02'));
    await page.reload();
    await visit.lightbox();
    expect(await time()).to.equal('12:00:02');
    expect(await page.locator('.lightbox-count').innerText()).to.include('2 of 8');
  });

  it('grow where they are while somebody looks', async () => {
    const page = await open();
    await see(PICTURES);
    await page.locator('.card-count', { hasText: String(PICTURES + 1) }).waitFor();
    expect(await visit.cards.count()).to.equal(3);
  });
});
