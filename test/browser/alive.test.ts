import { expect } from 'chai';
import { axeFaults } from './axe';
import { PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

describe('page: cameras that live, and one that does not', () => {
  const chromium = useBrowser();
  let site: Site;
  before(async function () {
    this.timeout(60_000);
    site = await Site.start();
    await site.addAccount('jane');
    const now = Date.now();
    await site.see('jane', { at: new Date(now), instance: 'hall' });
    await site.say('jane', 'hall', { queue: 340, freeDisk: 12.3e9, temperature: 48.3, version: '1.0.0' });
    await site.say('jane', 'garage', { version: '1.0.0' }, new Date(now - 40 * 60_000));
    await site.see('jane', { at: new Date(37_000), instance: 'porch', uploadTime: 40 });
  });
  after(() => site?.stop());

  it('Cameras says who lives, who is gone and since when, and how full the disk is', async () => {
    const visit = await Visit.open(chromium.browser, site, PHONE);
    await visit.logIn('jane', '/?view=cameras');
    const camera = (name: string) => visit.page.getByRole('article', { name });
    await camera('hall').getByText('Alive').waitFor();
    expect(await camera('hall').innerText()).to.match(
      /340 files wait to be sent · 12\.3 GB free .*48 °C · version 1\.0\.0/,
    );
    expect(await camera('garage').innerText()).to.match(/Gone since (\d+ \w+ at )?\d\d:\d\d/);
    expect(await axeFaults(visit.page)).to.deep.equal([]);
    await visit.screenshot('phone-cameras-alive');
    await visit.close();
  });

  it('Today says which camera is gone, and whose clock is wrong, and leads to what has the wrong day', async () => {
    const visit = await Visit.open(chromium.browser, site, PHONE);
    await visit.logIn('jane');
    const notes = visit.page.locator('.today-notes');
    await notes.getByText(/garage is gone since/).waitFor();
    expect(await notes.innerText()).to.match(/The clock of porch is 5\d years behind/);
    expect(await axeFaults(visit.page)).to.deep.equal([]);
    await visit.screenshot('phone-today-notes');
    await notes.getByRole('link', { name: 'Look there for porch' }).click();
    await visit.cards.first().waitFor();
    expect(await visit.cards.count()).to.equal(1);
    expect(visit.page.url()).to.include('day=1970-01-01');
    expect(await notes.count()).to.equal(0);
    await visit.close();
  });

  it('a camera that is no more is removed with its pictures, after a question; others stay', async () => {
    await site.see('jane', { at: new Date(), instance: 'shed' });
    const visit = await Visit.open(chromium.browser, site, PHONE);
    await visit.logIn('jane', '/?view=cameras');
    const shed = visit.page.getByRole('article', { name: 'shed' });
    await shed.getByText('Settings').click();
    await shed.getByRole('button', { name: 'Remove shed' }).click();
    const dialog = visit.page.getByRole('dialog', { name: 'Remove shed?' });
    await dialog.getByText('deleted for good').waitFor();
    expect(await axeFaults(visit.page)).to.deep.equal([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await shed.getByRole('button', { name: 'Remove shed' }).click();
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await shed.waitFor({ state: 'detached' });
    expect(await visit.page.getByRole('article', { name: 'hall' }).count()).to.equal(1);
    await visit.close();
  });
});
