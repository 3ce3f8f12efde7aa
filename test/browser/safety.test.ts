import { expect } from 'chai';
import { dayOf, minutes, noon, useBrowser, Visit } from './browser';
import { Site } from './site';

const DAY = noon(1);
const HOSTILE = [
  '<img src=x onerror="window.hacked=1">',
  '"><script>window.hacked=1</script>',
  'javascript:window.hacked=1',
  '\u202Egpj.eman\u202C of the right',
  'x'.repeat(128),
  '📷 👩‍👩‍👧 \u200D',
  '{{window.hacked=1}} %3Cscript%3E &lt;b&gt;',
];

describe('page: names that devices and people gave', () => {
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;
  before(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    await site.addAccount('john');
    for (const [i, instance] of HOSTILE.entries()) {
      await site.see('jane', { at: new Date(DAY.getTime() + minutes(i)), instance, faces: [(i % 5) + 1] });
    }
    await site.see('jane', {
      at: DAY,
      instance: HOSTILE[0] ?? '',
      body: Buffer.from('<script>window.hacked=1</script>'),
    });
    await site.see('john', { at: DAY, instance: 'johns camera' });
    const api = await site.api('jane');
    const { persons } = await api.read('/api/persons');
    for (const [i, person] of (Array.isArray(persons) ? persons : []).entries()) {
      const answer = await api.send('PATCH', `/api/persons/${person.id}`, { name: (HOSTILE[i] ?? '').slice(0, 100) });
      // The API takes no name that makes text run backwards.
      expect(answer.status, answer.text).to.be.oneOf(i === 3 ? [400] : [200]);
    }
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  it('are shown as text, on every view; nothing of them runs, and the page asks nobody but its own and the bucket', async () => {
    visit = await Visit.open(chromium.browser, site, {});
    const { page } = visit;
    await visit.logIn('jane', `/?day=${dayOf(DAY)}`);
    await visit.cards.first().waitFor();
    const day = await page.locator('main').innerText();
    for (const name of HOSTILE) expect(day).to.include(name.trim());
    for (const name of HOSTILE.slice(0, 2)) {
      await page.locator('a.card', { hasText: name }).first().click();
      const box = await visit.lightbox();
      expect(await box.innerText()).to.include(name);
      await page.keyboard.press('Escape');
      await box.waitFor({ state: 'detached' });
    }
    for (const view of ['Persons', 'Cameras']) {
      await page.getByRole('navigation').getByRole('link', { name: view }).click();
      await page.getByRole('heading', { level: 1, name: view }).waitFor();
      await page.locator('.person, .camera:not(.bone)').first().waitFor();
      expect(await page.locator('main').innerText()).to.include(HOSTILE[0]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, view).to.be.at.most(0);
    }
    expect(await page.locator('.rejected-item').count()).to.equal(1);
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => 'hacked' in window)).to.equal(false);
    const { origins } = visit;
    origins.delete(site.url);
    const [bucket = '', ...others] = origins;
    expect(others).to.deep.equal([]);
    expect(bucket).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('another account sees nothing of it, whatever address it opens', async () => {
    const api = await site.api('jane');
    const { events } = await api.read(`/api/events?day=${dayOf(DAY)}`);
    const id = String(Array.isArray(events) ? events[0]?.id : '');
    visit = await Visit.open(chromium.browser, site, {});
    visit.expected.push(/status of 404/);
    await visit.logIn('john', `/?day=${dayOf(DAY)}&event=${id}`);
    await visit.page.getByText('This event does not exist any more.').waitFor();
    expect(await visit.texts()).to.deep.equal(['12:00:00 johns camera']);
  });
});
