import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FaceEngine } from '../../lambda/lib/faces/engine';
import { filmOf } from '../../lambda/lib/ingest/video-frames';
import { dayOf, minutes, noon, PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

// TensorFlow.js has other types beside those of a browser, which these tests have.
const { embeddedEngine }: { embeddedEngine: () => Promise<FaceEngine> } = createRequire(__filename)(
  '../../lambda/lib/faces/embedded',
);

const DAY = noon(1);
const ADDRESS = `/?day=${dayOf(DAY)}`;
const FIXTURES = join(__dirname, '..', 'fixtures');
const VIDEO = readFileSync(join(FIXTURES, 'face.mp4'));
const PICTURE = readFileSync(join(FIXTURES, 'astronaut.jpg'));
/** Videos of one day, as the machinery of 2.x writes them by default: no picture beside them. */
const VIDEOS = 24;

describe('page: videos', function () {
  // FFmpeg and the face engine are the real ones.
  this.timeout(600_000);
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  before(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    await site.addAccount('ada');
    const withoutFaces = site.cloud.lambda({ film: filmOf });
    const see = async (number: number) => {
      const at = new Date(DAY.getTime() + minutes(number));
      await site.see('jane', { at, instance: 'door', body: VIDEO, ending: '.mp4' }, withoutFaces);
    };
    for (let i = 0; i < VIDEOS; i += 2) await Promise.all([see(i), see(i + 1)]);
    const withFaces = site.cloud.lambda({ engine: await embeddedEngine(), film: filmOf });
    await site.see('ada', { at: DAY, instance: 'door', body: VIDEO, ending: '.mp4' }, withFaces);
    const later = new Date(DAY.getTime() + minutes(5));
    await site.see('ada', { at: later, instance: 'garden', region: [0, 0, 512, 512], body: PICTURE }, withFaces);
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  const open = async (user: string, options = {}) => {
    visit = await Visit.open(chromium.browser, site, options);
    await visit.logIn(user, ADDRESS);
    await visit.cards.first().waitFor();
    return visit.page;
  };

  it(`the default configuration of 2.x: ${VIDEOS} videos are ${VIDEOS} posters, and a poster is on Cameras, too`, async () => {
    const page = await open('jane', PHONE);
    await visit.hasCards(VIDEOS);
    // Posters are loaded as one scrolls.
    for (let i = 0; i < VIDEOS; i++) await visit.cards.nth(i).scrollIntoViewIfNeeded();
    await page.waitForFunction((number) => {
      const posters = [...document.querySelectorAll<HTMLImageElement>('.hour:not(.unusual) img.card-poster')];
      return posters.length === number && posters.every(({ complete, naturalWidth }) => complete && naturalWidth > 0);
    }, VIDEOS);
    expect(await page.locator('.picture-missing').count()).to.equal(0);
    await page.getByRole('link', { name: 'Cameras' }).click();
    await page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>('.camera-picture img');
      return image?.complete && image.naturalWidth > 0;
    });
  });

  it('a mouse that moves over a poster shows the frames of the video', async () => {
    const page = await open('jane');
    const poster = visit.cards.first().locator('.card-film');
    const box = await poster.boundingBox();
    if (!box) throw new Error('There is no poster.');
    const strip = poster.locator('.card-strip');
    expect(await strip.count()).to.equal(0);
    const lefts: number[] = [];
    for (const part of [0.05, 0.5, 0.95]) {
      await page.mouse.move(box.x + box.width * part, box.y + box.height / 2);
      await strip.waitFor();
      lefts.push((await strip.boundingBox())?.x ?? Number.NaN);
    }
    expect(lefts).to.deep.equal([...lefts].sort((one, other) => other - one));
    expect(new Set(lefts).size).to.equal(3);
    await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.card-strip')?.naturalWidth ?? 0) > 0);
    await page.mouse.move(box.x + box.width / 2, box.y - 60);
    await strip.waitFor({ state: 'detached' });
  });

  it('pressed, a video plays', async () => {
    const page = await open('jane');
    await visit.cards.first().click();
    const video = page.locator('dialog.lightbox .pswp__item[aria-hidden="false"] video');
    await video.waitFor();
    await video.evaluate(async (element) => {
      if (!(element instanceof HTMLVideoElement)) throw new Error('It is no video.');
      element.muted = true;
      await element.play();
    });
    await page.waitForFunction(() => {
      const element = document.querySelector<HTMLVideoElement>('.pswp__item[aria-hidden="false"] video');
      return (element?.currentTime ?? 0) > 0.2;
    });
    await visit.screenshot('video-desktop');
  });

  it('a face in a video is named, and found again in a picture', async () => {
    const page = await open('ada');
    await visit.hasCards(2);
    expect(await visit.texts()).to.deep.equal(['12:05:00 garden Unknown', 'Video, 0:04 12:00:00 door Unknown']);
    await visit.cards.nth(1).click();
    const box = page.locator('dialog.lightbox');
    await box.locator('video').waitFor();
    const details = box.getByRole('complementary', { name: 'Details' });
    if (!(await details.isVisible())) await box.getByRole('button', { name: 'Details' }).click();
    await details.getByRole('button', { name: 'Who is this?' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Eileen');
    await page.getByRole('button', { name: 'Save' }).click();
    await details.getByRole('button', { name: 'Eileen' }).waitFor();
    await page.keyboard.press('Escape');
    await box.waitFor({ state: 'detached' });
    await visit.cards.filter({ hasText: 'garden' }).getByText('Eileen').waitFor();
    await page.getByRole('combobox', { name: 'Person', exact: true }).selectOption('Eileen');
    await visit.hasCards(2);
    // The portrait is cut from whichever saw her last.
    await page.getByRole('link', { name: 'Persons' }).click();
    await page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>('.portrait img');
      return image?.complete && image.naturalWidth > 0;
    });
  });
});
