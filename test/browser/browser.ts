/**
 * Debian's chromium, and pages in it that note what a page must never do: break its Content-Security-Policy, fail with an
 * error, or ask another server than its own and the bucket.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { PASSWORD } from '../lambda/gallery/gallery-server';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const SCREENSHOTS = join(__dirname, '..', '..', 'screenshots');

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const DESKTOP = { viewport: { width: 1440, height: 900 } };

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser for the tests of a file; without one they are left out, and one line says so. */
export function useBrowser(): { readonly browser: Browser } {
  let browser: Browser | undefined;
  before(async function () {
    if (!existsSync(CHROMIUM)) {
      console.log(`      (left out: there is no ${CHROMIUM}; apt-get install chromium)`);
      this.skip();
    }
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  after(() => browser?.close());
  return {
    get browser() {
      if (!browser) throw new Error('The browser is not running.');
      return browser;
    },
  };
}

/** A cloud application. */
interface Visitable {
  readonly url: string;
  /** Has the next log-in come from another network: so many from one would be too many. */
  comeFromElsewhere?(): void;
}

/** A page, and what it did that it must not. */
export class Visit {
  readonly page: Page;
  readonly #site: Visitable;
  readonly #wrong: string[] = [];
  readonly origins = new Set<string>();
  /** Failures that a test provokes. */
  readonly expected: RegExp[] = [/status of 401/];

  private constructor(page: Page, site: Visitable) {
    this.page = page;
    this.#site = site;
  }

  static async open(browser: Browser, site: Visitable, options: BrowserContextOptions = DESKTOP): Promise<Visit> {
    const context = await browser.newContext({
      ...{ locale: 'en-GB', timezoneId: 'Europe/Brussels' },
      // What a test answers in the server's place must come from nowhere else.
      serviceWorkers: 'block',
      ...options,
    });
    const page = await context.newPage();
    const visit = new Visit(page, site);
    // Generous: several things run beside these tests.
    page.setDefaultTimeout(30_000);
    page.on('console', (message) => {
      if (message.type() === 'error') visit.#wrong.push(message.text());
    });
    page.on('pageerror', (error) => visit.#wrong.push(error.stack ?? error.message));
    page.on('request', (request) => visit.origins.add(new URL(request.url()).origin));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    return visit;
  }

  async goto(path = '/'): Promise<void> {
    await this.page.goto(this.#site.url + path);
  }

  /** Opens an address and logs in there. */
  async logIn(user: string, path = '/', password = PASSWORD): Promise<void> {
    this.#site.comeFromElsewhere?.();
    await this.goto(path);
    await this.page.getByLabel('User').fill(user);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
    await this.page.getByRole('navigation', { name: 'Main' }).waitFor();
  }

  /** Ends the visit; the page must have done nothing that it must not. */
  async close(): Promise<void> {
    await this.page.context().close();
    const wrong = this.#wrong.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
    expect(wrong).to.deep.equal([]);
  }

  /** The bursts of the list, newest first; what is unusual stands above it once more. */
  get cards() {
    return this.page.locator('.hour:not(.unusual) a.card');
  }

  /** The bursts that stand first because they are unusual. */
  get unusual() {
    return this.page.getByRole('region', { name: /^Unusual/ }).locator('a.card');
  }

  /** Waits until the list has so many bursts. */
  async hasCards(number: number): Promise<void> {
    const selector = '.hour:not(.unusual) a.card';
    await this.page.waitForFunction(([all, expected]) => document.querySelectorAll(String(all)).length === expected, [
      selector,
      number,
    ] as const);
  }

  /** What the page shows on the cards of the list, or on others. */
  async texts(cards = this.cards): Promise<string[]> {
    return (await cards.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
  }

  /** The lightbox, once its picture is there. */
  async lightbox() {
    const box = this.page.locator('dialog.lightbox');
    await box.waitFor();
    await this.page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>(
        '.pswp__item[aria-hidden="false"] img.pswp__img:last-of-type',
      );
      return image?.complete && image.naturalWidth > 0;
    });
    return box;
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }
}

/** Noon of a day before today in Brussels, by its clock; the events of tests are around it. */
export function noon(daysAgo: number): Date {
  const day = new Date(Date.now() - daysAgo * 86_400_000).toLocaleDateString('en-CA', { timeZone: 'Europe/Brussels' });
  const guess = new Date(`${day}T12:00:00Z`);
  const hour = Number(guess.toLocaleTimeString('en-GB', { timeZone: 'Europe/Brussels', hour: '2-digit' }).slice(0, 2));
  return new Date(guess.getTime() - (hour - 12) * 3_600_000);
}

/** That day, as addresses have it. */
export function dayOf(date: Date): string {
  return date.toLocaleDateString('en-CA', { timeZone: 'Europe/Brussels' });
}

export function minutes(number: number): number {
  return number * 60_000;
}
