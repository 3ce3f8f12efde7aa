import { expect } from 'chai';
import { saveAs } from '../../../lambda/lib/gallery/signing';
import { OTHER } from '../cloud';
import * as corpus from '../media/corpus';
import type { Visitor } from './gallery-server';
import { Scene } from './scene';

describe('gallery: pictures', () => {
  let scene: Scene;
  let jane: Visitor;
  /** How far the bucket's clock is ahead of the gallery's. */
  let ahead: number;
  beforeEach(async () => {
    ahead = 0;
    scene = await Scene.start(new Date().toISOString(), () => Date.now() + ahead);
    await scene.account('jane');
    jane = await scene.visit('jane');
    scene.now = Date.now();
  });
  afterEach(() => scene.stop());

  const time = '2026-04-22T10:00:00Z';
  const locationOf = async (path: string): Promise<string> => {
    const { status, headers } = await jane.get(path);
    expect(status, path).to.equal(302);
    return headers.get('location') ?? '';
  };
  const fetched = async (url: string) => {
    const response = await fetch(url);
    return { response, body: Buffer.from(await response.arrayBuffer()) };
  };

  it('a redirect leads to the picture and the thumbnail, as what they are', async () => {
    const id = await scene.see({ time });
    const image = await fetched(await locationOf(`/events/${id}/image`));
    expect(image.response.status).to.equal(200);
    expect(image.response.headers.get('content-type')).to.equal('image/jpeg');
    expect(image.body.equals(await corpus.jpeg(64, 48, 1))).to.equal(true);
    const thumbnail = await fetched(await locationOf(`/events/${id}/thumbnail`));
    expect(thumbnail.response.headers.get('content-type')).to.equal('image/jpeg');
    expect(thumbnail.body.subarray(0, 2).toString('hex')).to.equal('ffd8');
  });

  it('a signed URL works for 100 seconds, and the bucket refuses it afterwards', async function () {
    // The clock of another server is its own.
    if (OTHER) this.skip();
    const id = await scene.see({ time });
    // Signatures are made in whole seconds.
    scene.now = Math.floor(Date.now() / 1000) * 1000;
    const url = await locationOf(`/events/${id}/image`);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).to.equal('100');
    const signed = scene.now;
    for (const [seconds, status] of [
      [0, 200],
      [50, 200],
      [98, 200],
      [102, 403],
      [3600, 403],
    ] as const) {
      ahead = signed + seconds * 1000 - Date.now();
      expect((await fetched(url)).response.status, `after ${seconds} s`).to.equal(status);
    }
    // A page that stayed open for an hour asks again.
    ahead = 0;
    expect((await fetched(await locationOf(`/events/${id}/image`))).response.status).to.equal(200);
  });

  it('the redirect is kept by the browser alone, and for less time than the URL works', async () => {
    const id = await scene.see({ time });
    const { headers } = await jane.get(`/events/${id}/thumbnail`);
    expect(headers.get('cache-control')).to.equal('private, max-age=50');
  });

  it('a URL opens its one object, for reading: not with another key, method or name', async () => {
    const id = await scene.see({ time });
    const other = await scene.see({ time: '2026-04-22T10:01:00Z', content: 2 });
    const [url, otherUrl] = [await locationOf(`/events/${id}/image`), await locationOf(`/events/${other}/image`)];
    const forged = new URL(url);
    forged.pathname = new URL(otherUrl).pathname;
    expect((await fetch(forged)).status).to.equal(403);
    for (const method of ['PUT', 'DELETE']) expect((await fetch(url, { method })).status, method).to.equal(403);
    const renamed = new URL(url);
    renamed.searchParams.set('response-content-type', 'text/html');
    expect((await fetch(renamed)).status).to.equal(403);
  });

  it('a download has the name that the camera gave it', async () => {
    const id = await scene.see({ time, token: 77, instance: 'Küche 1' });
    const { response } = await fetched(await locationOf(`/events/${id}/download`));
    const disposition = response.headers.get('content-disposition');
    expect(disposition).to.match(/^attachment; filename="[\w.-]+\.jpg"; filename\*=UTF-8''[\w.%-]+\.jpg$/);
    expect(decodeURIComponent(disposition?.split("''")[1] ?? '')).to.equal(
      '1776852000_6-000000_Küche 1_1-2-3-4_5_77.jpg',
    );
  });

  it('no name of a file gets out of its header, its directory, or its kind', () => {
    const name = (fileName: string) => {
      const header = saveAs({ fileName, kind: 'image/jpeg' });
      expect(header, fileName).to.match(
        /^attachment; filename="[A-Za-z0-9._-]+\.jpg"; filename\*=UTF-8''[A-Za-z0-9._~%-]+\.jpg$/,
      );
      return decodeURIComponent(header.split("''")[1] ?? '');
    };
    expect(name('a/b/picture.jpg')).to.equal('picture.jpg');
    expect(name('a"b;\r\nSet-Cookie: x=1.jpg')).to.equal('a_b;__Set-Cookie_ x=1.jpg');
    expect(name('..\\..\\.bashrc.jpg')).to.equal('__.._.bashrc.jpg');
    expect(name('photo\u202egpj.exe.jpg')).to.equal('photo_gpj.exe.jpg');
    expect(name('\ud800.jpg')).to.equal('_.jpg');
    expect(name("it's (1)*.jpg")).to.equal("it's (1)_.jpg");
    expect(name('.jpg')).to.equal('event.jpg');
    expect(name(`${'é'.repeat(500)}.jpeg`)).to.equal(`${'é'.repeat(150)}.jpg`);
  });
});
