import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { answerError } from '../faulty-proxy';
import { eventName, jpeg } from '../kerberos';
import { useScene } from './scene';

describe('grunt sync: the ledger', function () {
  this.timeout(60_000);
  const scene = useScene();
  const { run, arrives, isStored } = scene;

  it('1,000 pictures arrive whole although the process is killed with -9 twenty times', async function () {
    this.timeout(180_000);
    for (let index = 0; index < 1000; index++) await scene.instance.picture(eventName(index), jpeg(index));
    for (let kill = 0; kill < 20; kill++) {
      const grunt = run(['--limit-rate=1M', '--concurrency=8']);
      await grunt.says('Uploading');
      await wait(Math.random() * 400);
      await grunt.kill();
    }
    const last = run(['--once']);
    expect(await last.ended()).to.equal(0);
    for (let index = 0; index < 1000; index++)
      expect(await isStored(eventName(index), jpeg(index)), eventName(index)).to.equal(true);
  });

  it('sends nothing twice after a restart', async () => {
    for (let index = 0; index < 20; index++) await scene.instance.picture(eventName(index));
    expect(await run(['--once']).ended()).to.equal(0);
    const again = run(['--once']);
    expect(await again.ended()).to.equal(0);
    expect(again.output).not.to.include('is uploaded');
  });

  it('lost, is made anew from the list of the bucket: nothing is sent twice', async () => {
    for (let index = 0; index < 50; index++) await scene.instance.picture(eventName(index));
    await scene.instance.picture('Haustür + 1.jpg');
    expect(await run(['--once']).ended()).to.equal(0);
    await rm(scene.instance.state, { recursive: true });
    await scene.instance.picture(eventName(51));
    const again = run(['--once']);
    expect(await again.ended()).to.equal(0);
    expect(again.output).to.include('51 files of the backlog in the bucket already');
    expect(again.output.match(/is uploaded/g)).to.have.length(1);
  });

  it('that cannot be written keeps nobody from uploading', async () => {
    await writeFile(scene.instance.state, 'a file where the directory should be');
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run();
    await arrives(eventName(1), bytes);
    await grunt.says(/The ledger cannot be written/);
    const once = run(['--once']);
    expect(await once.ended()).to.equal(0);
    expect(once.output).to.include('1 file of the backlog in the bucket already');
  });

  it('is left alone by --once while a sync is at work on it', async () => {
    const grunt = run();
    await grunt.says('Uploading');
    const once = run(['--once']);
    expect(await once.ended()).to.equal(3);
    expect(once.output).to.match(/another grunt sync is at work/);
  });

  it('lost, and a bucket that cannot be listed: rather a picture twice than never', async () => {
    scene.line.fault = (message, response) =>
      message.method === 'GET' ? answerError(response, 501, 'NotImplemented') : false;
    const bytes = await scene.instance.picture(eventName(1));
    const grunt = run([], {}, scene.line);
    await arrives(eventName(1), bytes);
    await grunt.says(/The bucket cannot be listed \(NotImplemented\)/);
  });

  it('lets only one sync work on it; the second waits and takes over', async () => {
    const first = run();
    await first.says('Uploading');
    const second = run();
    await second.says(/Another grunt sync is at work/);
    await first.stop();
    await arrives(eventName(1), await scene.instance.picture(eventName(1)));
    await second.says('is uploaded');
  });
});
