import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { answerError } from '../faulty-proxy';
import { eventName, FOLDER, jpeg, OWNER, SUBSCRIPTION, stored } from '../kerberos';
import { until } from '../until';
import { jpegOf } from './media';
import { useScene } from './scene';

describe('grunt sync: settings change while it works', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, isInFlight } = scene;

  it('another folder under an upload: it ends where it was going, is sent to the new one too, and each once', async () => {
    const slow = jpegOf(300_000);
    await scene.instance.picture(eventName(1), slow);
    const grunt = run(['--limit-rate=100k'], {}, scene.line);
    await isInFlight(eventName(1));
    await grunt.says('Waiting...');
    const folder = `${FOLDER}/garden`;
    await scene.instance.subscribe({ ...SUBSCRIPTION, folder });
    await until(async () => (await stored(scene.s3, eventName(1), folder))?.equals(slow) ?? false, 'the new folder');
    await arrives(eventName(1), slow);
    expect(await grunt.stop()).to.equal(0);
    const puts = scene.line.requests.filter((request) => request.startsWith('PUT'));
    expect(puts.map((put) => put.includes('/garden/'))).to.have.members([false, true]);
    // A restart finds both done.
    const again = run(['--once'], {}, scene.line);
    expect(await again.ended()).to.equal(0);
    expect(again.output).not.to.include('is uploaded as');
  });

  it('the list was denied, and is asked for again with new credentials: nothing is sent twice', async () => {
    for (let index = 0; index < 5; index++) await scene.instance.picture(eventName(index), jpeg(index));
    expect(await run(['--once'], {}, scene.line).ended()).to.equal(0);
    await rm(scene.instance.state, { recursive: true });
    scene.line.requests = [];
    scene.line.fault = (_message, response) => answerError(response, 403, 'AccessDenied');
    const grunt = run([], {}, scene.line);
    await grunt.says(/The bucket cannot be listed \(AccessDenied\)/);
    await grunt.says(/denies the access key/);
    await grunt.says('Waiting...');
    const denied = () => scene.line.requests.filter((request) => request.startsWith('PUT')).length;
    await until(async () => {
      const before = denied();
      // What was begun already may be on its way to the line.
      await wait(300);
      return before > 1 && denied() === before && (grunt.output.match(/ failed: /g) ?? []).length === before;
    }, 'all that was sent was denied');
    scene.line.fault = undefined;
    scene.line.requests = [];
    await scene.instance.subscribe({
      ...SUBSCRIPTION,
      publicKey: OWNER.accessKeyId,
      privateKey: OWNER.secretAccessKey,
    });
    await grunt.says(/5 files of the backlog in the bucket already/);
    await arrives(eventName(9), await scene.instance.picture(eventName(9), jpeg(9)));
    expect(scene.line.requests.filter((request) => request.startsWith('PUT'))).to.have.length(1);
  });
});
