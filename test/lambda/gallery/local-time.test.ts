import { expect } from 'chai';
import { addDays, dayRange, isDay, localQuarters, localTime } from '../../../lambda/lib/gallery/local-time';
import { isTimeZone } from '../../../lambda/lib/time-zone';

/** How many quarters of an hour each hour of a local day has, folded from the quarters of the UTC days around it. */
function hoursOf(timeZone: string, day: string): number[] {
  const hours = Array.from({ length: 24 }, () => 0);
  for (const utcDay of [-1, 0, 1].map((days) => addDays(day, days))) {
    const local = localQuarters(timeZone, utcDay);
    for (let quarter = 0; quarter < 96; quarter++) {
      const at = local(quarter);
      if (at.day === day) hours[at.hour] = (hours[at.hour] ?? 0) + 1;
    }
  }
  return hours;
}

function lengthOf(timeZone: string, day: string): number {
  const { from, to } = dayRange(timeZone, day);
  return (to.getTime() - from.getTime()) / 3600_000;
}

describe('lambda: gallery: the clock on the wall', () => {
  it('is that of the zone, to the millisecond, also before and after the clocks change', () => {
    const at = (zone: string, instant: string) => localTime(zone, new Date(instant));
    expect(at('Europe/Brussels', '2026-04-22T10:45:00.123Z')).to.equal('2026-04-22T12:45:00.123');
    expect(at('Europe/Brussels', '2026-03-29T00:59:59.999Z')).to.equal('2026-03-29T01:59:59.999');
    expect(at('Europe/Brussels', '2026-03-29T01:00:00.000Z')).to.equal('2026-03-29T03:00:00.000');
    expect(at('Asia/Kathmandu', '2026-04-22T18:15:00.000Z')).to.equal('2026-04-23T00:00:00.000');
    expect(at('Pacific/Kiritimati', '2026-04-22T10:00:00.000Z')).to.equal('2026-04-23T00:00:00.000');
    expect(at('Etc/GMT+12', '2026-04-22T11:59:59.000Z')).to.equal('2026-04-21T23:59:59.000');
    expect(at('UTC', '1970-01-01T00:00:00.000Z')).to.equal('1970-01-01T00:00:00.000');
  });

  it('a day of the camera has 24 hours, 23 when the clock is put forward, 25 when it is put back', () => {
    expect(lengthOf('Europe/Brussels', '2026-04-22')).to.equal(24);
    expect(lengthOf('Europe/Brussels', '2026-03-29')).to.equal(23);
    expect(lengthOf('Europe/Brussels', '2026-10-25')).to.equal(25);
    expect(lengthOf('Australia/Lord_Howe', '2026-04-05')).to.equal(24.5);
    expect(lengthOf('America/New_York', '2026-11-01')).to.equal(25);
  });

  it('a day begins and ends at midnight by the wall', () => {
    for (const [zone, day] of [
      ['Europe/Brussels', '2026-03-29'],
      ['Europe/Brussels', '2026-10-25'],
      ['Asia/Kolkata', '2026-04-22'],
      ['Asia/Kathmandu', '2026-04-22'],
      ['Pacific/Chatham', '2026-04-05'],
      ['Pacific/Kiritimati', '2026-01-01'],
      ['Etc/GMT+12', '2026-01-01'],
      ['America/Sao_Paulo', '2018-02-17'],
      ['America/Santiago', '2026-09-06'],
      ['UTC', '1970-01-01'],
    ] as const) {
      const { from, to } = dayRange(zone, day);
      const at = (instant: number) => localTime(zone, new Date(instant)).slice(0, 10);
      expect(at(from.getTime()), zone).to.equal(day);
      expect(at(from.getTime() - 1), zone).to.equal(addDays(day, -1));
      expect(at(to.getTime() - 1), zone).to.equal(day);
      expect(at(to.getTime()), zone).to.equal(addDays(day, 1));
    }
  });

  it('quarters of UTC fold into the hours of a local day: each once, none lost', () => {
    const plain = Array.from({ length: 24 }, () => 4);
    for (const zone of ['UTC', 'Europe/Brussels', 'Asia/Kolkata', 'Asia/Kathmandu', 'Etc/GMT+12', 'Pacific/Apia']) {
      expect(hoursOf(zone, '2026-04-22'), zone).to.deep.equal(plain);
    }
    expect(hoursOf('Europe/Brussels', '2026-03-29')).to.deep.equal(plain.with(2, 0));
    expect(hoursOf('Europe/Brussels', '2026-10-25')).to.deep.equal(plain.with(2, 8));
    expect(hoursOf('Australia/Lord_Howe', '2026-04-05')).to.deep.equal(plain.with(1, 6));
    expect(hoursOf('Pacific/Apia', '2011-12-30')).to.deep.equal(plain.map(() => 0));
  });

  it('a zone is a name that Intl knows, and no offset, path or essay', () => {
    for (const zone of ['UTC', 'Europe/Brussels', 'America/Argentina/Buenos_Aires', 'Etc/GMT+12', 'europe/brussels']) {
      expect(isTimeZone(zone), zone).to.equal(true);
    }
    for (const zone of ['', ' UTC', '+05:30', 'Mars/Phobos', '../../etc/passwd', 'x'.repeat(65), '__proto__']) {
      expect(isTimeZone(zone), zone).to.equal(false);
    }
  });

  it('a day is one of the calendar', () => {
    for (const day of ['1970-01-01', '2024-02-29', '2026-12-31']) expect(isDay(day), day).to.equal(true);
    for (const day of ['2026-02-29', '2026-13-01', '2026-4-22', '0001-01-01', '2026-04-22T00', 'today', '']) {
      expect(isDay(day), day).to.equal(false);
    }
  });
});
