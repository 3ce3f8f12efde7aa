/**
 * The picture of the README: a day with bursts, a video and people with names. What the cameras see is drawn as SVG, by the
 * browser. `README_SCREENSHOT=1` puts the picture where the README shows it.
 */
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { filmOf } from '../../lambda/lib/ingest/video-frames';
import { sharp } from '../../lambda/test-packages';
import { dayOf, minutes, noon, useBrowser, Visit } from './browser';
import { type Camera, drawn, type Shown } from './scenery';
import { Site } from './site';

const ROOT = join(__dirname, '..', '..');
const MADE = join(ROOT, 'screenshots', 'readme.webp');
const SHOWN = join(ROOT, '.github', 'screenshot.webp');
const MOST_BYTES = 150_000;
const VIDEO = readFileSync(join(ROOT, 'test', 'fixtures', 'face.mp4'));
const DAY = noon(1);

interface Burst extends Shown {
  camera: Camera;
  /** Minutes behind noon. */
  at: number;
  pictures: number;
}

const BURSTS: Burst[] = [
  { camera: 'Front door', at: 412, pictures: 8, faces: [1] },
  { camera: 'Drive', at: 397, pictures: 5, vehicle: true },
  { camera: 'Garden', at: 381, pictures: 3, animal: true },
  { camera: 'Front door', at: 334, pictures: 6, faces: [1, 2] },
  { camera: 'Drive', at: 318, pictures: 4, vehicle: true },
  { camera: 'Front door', at: 305, pictures: 3, faces: [3] },
  { camera: 'Garden', at: 302, pictures: 7, somebody: true },
  { camera: 'Drive', at: 120, pictures: 4, vehicle: true },
  { camera: 'Garden', at: -557, pictures: 9, somebody: true },
  { camera: 'Front door', at: -220, pictures: 3, faces: [2] },
];

describe('page: the picture of the README', function () {
  this.timeout(600_000);
  const chromium = useBrowser();
  let site: Site;
  let visit: Visit;

  before(async () => {
    site = await Site.start();
    await site.addAccount('jane');
    const easel = await chromium.browser.newPage({ viewport: { width: 640, height: 480 } });
    for (const { camera, at, pictures, ...shown } of BURSTS) {
      for (let i = 0; i < pictures; i++) {
        const time = new Date(DAY.getTime() + minutes(at) + i * 1500);
        const { svg, region } = drawn(camera, { ...shown, hour: 12 + at / 60, progress: i / pictures });
        await easel.setContent(`<body style="margin:0">${svg}`);
        const body = await easel.screenshot({ type: 'jpeg', quality: 88 });
        const labels = (['person', 'vehicle', 'animal'] as const).filter((label) => {
          return label === 'person' ? shown.somebody === true : shown[label] === true;
        });
        await site.see('jane', { at: time, instance: camera, region, labels, faces: shown.faces ?? [], body });
      }
    }
    await easel.close();
    const video = {
      at: new Date(DAY.getTime() + minutes(345)),
      instance: 'Workshop',
      body: VIDEO,
      ending: '.mp4',
    } as const;
    await site.see('jane', video, site.cloud.lambda({ film: filmOf }));
    const api = await site.api('jane');
    const { persons } = await api.read('/api/persons');
    const names = ['Ada', 'Charles'];
    const bySince = (Array.isArray(persons) ? persons : []).sort((one, other) => one.since.localeCompare(other.since));
    for (const [i, { id }] of bySince.slice(0, names.length).entries()) {
      await api.send('PATCH', `/api/persons/${id}`, { name: names[i] });
    }
  });
  after(() => site?.stop());
  afterEach(() => visit?.close());

  it(`is made, and has at most ${MOST_BYTES / 1000} KB`, async () => {
    visit = await Visit.open(chromium.browser, site, { viewport: { width: 1280, height: 800 } });
    const { page } = visit;
    await visit.logIn('jane', `/?day=${dayOf(DAY)}`);
    await visit.hasCards(BURSTS.length + 1);
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLImageElement>('.hour img')].every(
        ({ complete, naturalWidth, loading }) => loading === 'lazy' || (complete && naturalWidth > 0),
      ),
    );
    await page.waitForTimeout(1000);
    mkdirSync(join(ROOT, 'screenshots'), { recursive: true });
    await sharp(await page.screenshot())
      .webp({ quality: 82 })
      .toFile(MADE);
    expect(statSync(MADE).size).to.be.within(20_000, MOST_BYTES);
    if (process.env.README_SCREENSHOT === '1') copyFileSync(MADE, SHOWN);
    expect(statSync(SHOWN).size).to.be.within(20_000, MOST_BYTES);
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).to.match(/!\[[^\]]{40,}\]\(\.github\/screenshot\.webp\)/);
  });
});
