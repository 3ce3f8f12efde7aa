import { createDecipheriv, createECDH, createHmac, type ECDH, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Worker } from 'playwright-core';
import { fieldsOf, list } from '../../lambda/lib/table/fields';
import { jose } from '../../lambda/test-packages';
import { type Received, Receiver } from '../lambda/notifications/receiver';
import { until } from '../until';
import { axeFaults } from './axe';
import { PHONE, useBrowser, Visit } from './browser';
import { Site } from './site';

/** A push service and the keys of one browser, which takes the place of the one that a test's browser cannot reach. */
class PushService {
  readonly #pair: ECDH = createECDH('prime256v1');
  readonly #auth = randomBytes(16);

  private constructor(readonly receiver: Receiver) {
    this.#pair.generateKeys();
  }

  static async start(): Promise<PushService> {
    return new PushService(await Receiver.start());
  }

  /** What a browser says of its subscription. */
  get subscription() {
    const keys = { p256dh: this.#pair.getPublicKey('base64url'), auth: this.#auth.toString('base64url') };
    return { endpoint: `${this.receiver.url}/push/one`, keys };
  }

  /** The message as the browser decrypts it: RFC 8291, and RFC 8188 of one record. */
  decrypted({ headers, body }: Received): string {
    expect(headers['content-encoding']).to.equal('aes128gcm');
    const salt = body.subarray(0, 16);
    const length = body[20] ?? 0;
    const sender = body.subarray(21, 21 + length);
    const secret = this.#pair.computeSecret(sender);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#pair.getPublicKey(), sender]);
    const input = hkdf(this.#auth, secret, info, 32);
    const key = hkdf(salt, input, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = hkdf(salt, input, Buffer.from('Content-Encoding: nonce\0'), 12);
    const record = body.subarray(21 + length);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    // 2 ends the last record.
    return padded.subarray(0, padded.lastIndexOf(2)).toString();
  }
}

function hkdf(salt: Buffer, input: Buffer, info: Buffer, length: number): Buffer {
  const key = createHmac('sha256', salt).update(input).digest();
  return createHmac('sha256', key).update(info).update(Buffer.of(1)).digest().subarray(0, length);
}

/** A browser without a screen shows no notifications and lists none, so the worker's own call is noted, and made. */
async function noteWhatIsShown(worker: Worker): Promise<void> {
  await worker.evaluate(() => {
    const show = ServiceWorkerRegistration.prototype.showNotification;
    ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
      await show.call(this, title, options);
      Object.assign(globalThis, { shown: { title, tag: options?.tag, data: options?.data } });
    };
  });
}

describe('page: notifications', function () {
  this.timeout(120_000);
  const chromium = useBrowser();
  let site: Site;
  let service: PushService;
  let visit: Visit;
  before(async () => {
    site = await Site.start();
    service = await PushService.start();
    await site.addAccount('jane');
    await site.see('jane', { at: new Date(Date.now() - 3_600_000), instance: 'hall' });
  });
  after(async () => {
    await service?.receiver.down();
    await site?.stop();
  });
  afterEach(() => visit?.close());

  it('a browser is told, encrypted and with proof of who sends, and what it is told opens the event', async () => {
    visit = await Visit.open(chromium.browser, site, { ...PHONE, serviceWorkers: 'allow' });
    const context = visit.page.context();
    await context.grantPermissions(['notifications'], { origin: site.url });
    await visit.page.addInitScript((subscription) => {
      const own = { ...subscription, toJSON: () => subscription };
      Object.defineProperty(PushManager.prototype, 'subscribe', {
        value: async ({ applicationServerKey }: { applicationServerKey: string }) => {
          Object.assign(window, { applicationServerKey });
          return own;
        },
      });
    }, service.subscription);
    await visit.logIn('jane', '/?view=account');
    await visit.page.getByRole('link', { name: 'Choose what and where' }).click();
    await visit.page.getByRole('button', { name: 'Tell this browser' }).click();
    await visit.page.getByText('This browser is told.').waitFor();

    const seen = await site.see('jane', { at: new Date(), instance: 'hall' });
    await site.cloud.notify()({ task: 'send' });
    const [pushed, ...others] = service.receiver.received;
    expect(others).to.deep.equal([]);
    if (!pushed) return expect.fail('nothing was pushed');
    expect(pushed.body.includes('hall')).to.equal(false);
    // VAPID: signed with the key that the browser has subscribed with, for this push service alone.
    const [, token = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(String(pushed.headers.authorization)) ?? [];
    expect(key).to.equal(await visit.page.evaluate(() => Reflect.get(window, 'applicationServerKey')));
    const point = Buffer.from(key, 'base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
    const publicKey = await jose.importJWK({ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, 'ES256');
    const { payload } = await jose.jwtVerify(token, publicKey, { audience: service.receiver.url });
    expect(payload.sub).to.match(/^(https|mailto):/);

    const message = service.decrypted(pushed);
    const event = await eventOf(seen);
    expect(JSON.parse(message)).to.deep.include({ title: 'hall: something moved', path: `/?event=${event}` });
    const [worker = await context.waitForEvent('serviceworker')] = context.serviceWorkers();
    await noteWhatIsShown(worker);
    await deliver(message);
    let shown: unknown;
    await until(async () => {
      shown = await worker.evaluate(() => Reflect.get(globalThis, 'shown'));
      return shown !== undefined;
    }, 'the notification is shown');
    expect(shown).to.deep.equal({
      ...{ title: 'hall: something moved', tag: `event-${event}`, data: { path: `/?event=${event}` } },
    });
    // Nobody can press it here: the worker is told that somebody did.
    await worker.evaluate((notification) => {
      const pressed = new Event('notificationclick');
      Object.assign(pressed, { notification: { ...notification, close: () => {} }, waitUntil: () => {} });
      globalThis.dispatchEvent(pressed);
    }, fieldsOf(shown));
    await visit.lightbox();
    expect(visit.page.url()).to.include(`event=${event}`);
  });

  it('without a connection the page opens all the same, and says so', async () => {
    visit = await Visit.open(chromium.browser, site, { ...PHONE, serviceWorkers: 'allow' });
    visit.expected.push(/ERR_INTERNET_DISCONNECTED|Failed to load resource/);
    await visit.logIn('jane');
    await visit.page.evaluate(async () => await navigator.serviceWorker.ready);
    await visit.page.context().setOffline(true);
    await visit.page.reload();
    await visit.page.getByText('The server cannot be reached').waitFor();
    await visit.page.context().setOffline(false);
    await visit.page.getByRole('button', { name: 'Try again' }).click();
    await visit.cards.first().waitFor();
  });

  it('rules, a webhook and a mail address are set with a thumb, and axe finds nothing', async () => {
    visit = await Visit.open(chromium.browser, site, PHONE);
    await visit.logIn('jane', '/?view=notifications');
    const { page } = visit;
    await page.getByText('Add a mail address or a webhook').click();
    await page.getByLabel('Address of a webhook').fill('https://hooks.example/kerberos');
    await page.getByRole('button', { name: 'Add the webhook' }).click();
    await page.getByText('whsec_').waitFor();
    await page.getByLabel('Mail address').fill('jane@jane.example');
    await page.getByRole('button', { name: 'Add the address' }).click();
    await page.getByLabel('The code of six digits').waitFor();
    await page.getByRole('button', { name: 'Add a rule' }).click();
    const rule = page.getByRole('group', { name: 'Rule 2' });
    await rule.getByLabel('A vehicle').check();
    await rule.getByLabel('From').fill('21:30');
    await rule.getByLabel('All cameras').uncheck();
    expect(await axeFaults(page)).to.deep.equal([]);
    await visit.screenshot('phone-notifications');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('What you are told is saved.').waitFor();
    const { settings, channels } = await (await site.api('jane')).read('/api/notifications');
    const [, second] = list(fieldsOf(settings), 'rules').map(fieldsOf);
    expect(second).to.deep.include({
      ...{ hours: { from: '21:30', to: '07:00' }, labels: ['person', 'vehicle'], unknownFaces: true, anything: false },
    });
    expect(second?.cameras).to.have.length(1);
    expect(channels).to.have.length.above(1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).to.equal(true);
  });

  async function eventOf(fileName: string): Promise<string> {
    const { events } = await (await site.api('jane')).read('/api/events');
    const found = (Array.isArray(events) ? events : []).map(fieldsOf).find((one) => one.fileName === fileName);
    return String(found?.id);
  }

  /** Gives a message to the page's service worker, as the browser's push service would. */
  async function deliver(data: string): Promise<void> {
    const session = await visit.page.context().newCDPSession(visit.page);
    const registered = new Promise<string>((resolve) => {
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const [first] = registrations.filter(({ scopeURL }) => scopeURL.startsWith(site.url));
        if (first) resolve(first.registrationId);
      });
    });
    await session.send('ServiceWorker.enable');
    const registrationId = await registered;
    await session.send('ServiceWorker.deliverPushMessage', { origin: site.url, registrationId, data });
  }
});
