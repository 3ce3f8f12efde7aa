import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ObjectStore } from '../tasks/lib/cloud/s3/object-store';
import { Grunt } from './kerberos';

describe('grunt demo', function () {
  this.timeout(300_000);

  it('brings every picture of the backlog and of the camera to the bucket, byte for byte, and ends cleanly at Ctrl-C', async () => {
    const data = await mkdtemp(join(tmpdir(), 'demo-'));
    const demo = new Grunt(['demo', `--data=${data}`, '--verbose'], {});
    try {
      await demo.says(/after the camera finished it/, 90_000);
      await demo.says(/(on it: [\s\S]*){4}/, 180_000);
      await demo.says(/refused home/, 120_000);
      const { app } = JSON.parse(await readFile(join(data, 'cloud', 'cloud.json'), 'utf8'));
      expect(demo.output).to.include(`Open ${app.url} and log in as home with ${app.password}`);
      demo.process.kill('SIGINT');
      expect(await demo.ended(), demo.output).to.equal(0);
      // Twice at the front door, once on a film of the garden, and once when that camera hung on its side, which is
      // somebody else at first sight.
      const seen = [...demo.output.matchAll(/published home\/\S+_(frontdoor|garden)_\S+(jpg|mp4), on it: (\S{16})/g)];
      const at = (camera: string, kind: string) =>
        seen.flatMap(([, where, what, id]) => (where === camera && what === kind ? [id] : []));
      const [person, same, ...others] = at('frontdoor', 'jpg');
      expect([same, others]).to.deep.equal([person, []]);
      expect(at('garden', 'mp4')).to.deep.equal([person]);
      expect(at('garden', 'jpg')).to.have.length(1).and.not.include(person);
      expect(demo.output).to.match(/refused home\/\S+ \(TooSmall\): The picture is 16 x 16/);
      expect(demo.output).to.match(/All \d+ files of the capture directories are in the bucket/);
      const store = await ObjectStore.open(join(data, 'cloud', 's3'), Date.now);
      let written = 0;
      for (const capture of [join(data, 'capture'), join(data, 'garden', 'capture')]) {
        const names = await readdir(capture);
        written += names.length;
        expect(names.some((name) => name.endsWith(capture.includes('garden') ? '.mp4' : '.jpg'))).to.equal(true);
        for (const name of names) {
          const object = await store.get('uploads', `home/${name}`);
          if (object === undefined) throw new Error(`${name} is not in the bucket`);
          expect((await readFile(object.path)).equals(await readFile(join(capture, name))), name).to.equal(true);
        }
      }
      expect(demo.output).to.include(`${written} written, ${written} in the bucket`);
    } finally {
      await demo.kill();
      await rm(data, { recursive: true });
    }
  });
});
