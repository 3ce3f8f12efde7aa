import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { isSamePlace, openLedger, Session } from '../../../tasks/lib/upload/session';
import { FakeEnvironment, FakeReport, settingsIn, useFolder } from './fakes';

describe('Session', () => {
  const root = useFolder();

  it('writes nothing when it is opened', async () => {
    await Session.open(settingsIn(root()), new FakeEnvironment(), new FakeReport());
    expect(await readdir(root())).to.deep.equal([]);
  });

  it('has the key of an event: folder/name, or the name alone', async () => {
    const environment = new FakeEnvironment();
    const settings = settingsIn(root());
    const session = await Session.open(settings, environment, new FakeReport());
    expect(session.keyOf('a.jpg')).to.equal('jane/a.jpg');
    const { destination } = settings;
    const other = settingsIn(root(), { destination: { ...destination, folder: '' } });
    expect((await Session.open(other, environment, new FakeReport())).keyOf('a.jpg')).to.equal('a.jpg');
  });

  it('goes on with the ledger that it is given, and opens its own where there is none', async () => {
    const environment = new FakeEnvironment();
    const first = await Session.open(settingsIn(root()), environment, new FakeReport());
    first.ledger.add('a.jpg', { size: 1, mtime: 1 });
    const second = await Session.open(settingsIn(root()), environment, new FakeReport(), { ledger: first.ledger });
    expect(second.ledger.knows('a.jpg')).to.equal(true);
    await first.ledger.flush();
    const third = await Session.open(settingsIn(root()), environment, new FakeReport());
    expect(third.ledger.knows('a.jpg')).to.equal(true);
    for (const { ledger } of [second, third]) await ledger.close();
  });

  it('tells when another one has taken its place', async () => {
    const session = await Session.open(settingsIn(root()), new FakeEnvironment(), new FakeReport());
    expect(session.superseded.aborted).to.equal(false);
    session.supersede();
    expect(session.superseded.aborted).to.equal(true);
  });

  it('another key, region or concurrency is the same place; another bucket, folder, endpoint or state is not', () => {
    const settings = settingsIn(root());
    const { destination } = settings;
    const credentials = { accessKeyId: 'OTHER', secretAccessKey: 'other' };
    for (const same of [{ concurrency: 8 }, { destination: { ...destination, credentials, region: 'us-east-1' } }]) {
      expect(isSamePlace(settings, { ...settings, ...same })).to.equal(true);
    }
    for (const other of [
      { state: '/elsewhere' },
      { destination: { ...destination, bucket: 'other' } },
      { destination: { ...destination, folder: 'john' } },
      { destination: { ...destination, endpoint: 'http://127.0.0.1:4580' } },
    ]) {
      expect(isSamePlace(settings, { ...settings, ...other })).to.equal(false);
    }
  });

  it('a ledger of one folder tells nothing of another', async () => {
    const settings = settingsIn(root());
    const ledger = await openLedger(settings);
    ledger.add('a.jpg', { size: 1, mtime: 1 });
    await ledger.close();
    const other = { ...settings, destination: { ...settings.destination, folder: 'john' } };
    expect((await openLedger(settings)).knows('a.jpg')).to.equal(true);
    expect((await openLedger(other)).isNew).to.equal(true);
  });
});
