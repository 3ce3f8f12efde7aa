/** The unit that install-service wrote, from a shutdown to a power cut. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './machine';
import type { Pi } from './pi';
import { assert, type Report, seconds } from './report';

export async function powerCycle(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  const { machine, line } = pi;
  await check('a shutdown drains what is in flight', async () => {
    const picture = await pi.inFlight();
    const took = await machine.powerOff();
    line.delay = 0;
    const there = await pi.cloud.bytesOf(picture.event);
    assert(there?.equals(picture.bytes) === true, `${picture.event} is not in the bucket`);
    return `poweroff took ${took.toFixed(1)} s with a picture in flight: it is in the bucket`;
  });

  await line.cut();
  await machine.powerOn();
  await check('a boot without a line reaches multi-user.target, and cloud.service is active', async () => {
    const since = Date.now();
    await pi.booted();
    const took = seconds(since);
    const jobs = await pi.does('systemctl list-jobs');
    assert(/^No jobs/.test(jobs), jobs);
    const status = await pi.does('systemctl status --no-pager cloud');
    assert(/Active: active/.test(status), status);
    return `running ${took} after systemd answered; ${/Active: .*/.exec(status)?.[0]}; ${jobs}`;
  });
  await check('it waits for the network without needing it', async () => {
    const [wants, after, requires] = await Promise.all(['Wants', 'After', 'Requires'].map((name) => pi.property(name)));
    assert(wants?.includes('network-online.target') === true, `Wants=${wants}`);
    assert(after?.includes('network-online.target') === true, `After=${after}`);
    assert(requires?.includes('network') === false, `Requires=${requires}`);
    return `Wants and After network-online.target; Requires=${requires}`;
  });
  await check('a picture that was taken without a line is uploaded when the line comes', async () => {
    const picture = pi.picture();
    await pi.gruntRuns(30);
    await sleep(3000);
    await line.up();
    return pi.arrived(picture, 90);
  });
}

export async function supervision(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  await check('a killed grunt is followed by a new one within seconds', () => pi.survivesKilledGrunt(20));
  await check('a killed forever is noticed by systemd and started again, with one grunt', async () => {
    const before = await pi.property('MainPID');
    const since = Date.now();
    await pi.does(`kill -9 ${before}`);
    const after = await until('a new forever', 40, async () => {
      // In this order: while it starts, the main process is a shell.
      const isRunning = (await pi.property('SubState')) === 'running';
      const pid = await pi.property('MainPID');
      return isRunning && pid !== before && pid !== '0' && pid;
    });
    await pi.gruntRuns(20);
    const took = seconds(since);
    await until('one forever', 20, async () => (await pi.pids('node')).join() === after);
    return `kill -9 of forever ${before}: forever ${after} with one grunt after ${took}; ${await pi.arrived(pi.picture())}`;
  });
  await check('reload drains grunt and starts it anew under the same forever', async () => {
    const grunt = await pi.gruntRuns(20);
    const forever = await pi.property('MainPID');
    const picture = await pi.inFlight();
    setTimeout(() => pi.line.heal(), 2000);
    await pi.does('systemctl reload cloud');
    const after = await pi.gruntRuns(20, grunt);
    assert((await pi.property('MainPID')) === forever, 'another forever');
    return `grunt ${grunt} became ${after} under forever ${forever}; in flight: ${await pi.arrivedAtOnce(picture)}`;
  });
  await check('restart drains grunt and starts forever and grunt anew', async () => {
    const forever = await pi.property('MainPID');
    const picture = await pi.inFlight();
    setTimeout(() => pi.line.heal(), 2000);
    await pi.does('systemctl restart cloud');
    const after = await pi.property('MainPID');
    assert(after !== forever && (await pi.property('ActiveState')) === 'active', `forever ${forever} and ${after}`);
    return `forever ${forever} became ${after}; in flight: ${await pi.arrivedAtOnce(picture)}`;
  });
  await check('a stop drains what is in flight, leaves no process and is no failure', async () => {
    await pi.gruntRuns(20);
    const evidence = await pi.stopsDraining('systemctl stop cloud');
    const state = `${await pi.property('ActiveState')}, ${await pi.property('Result')}`;
    assert(state === 'inactive, success', state);
    return `${evidence}; ${state}`;
  });
  await check('a start returns at once, and the service is active', async () => {
    const since = Date.now();
    await pi.does('systemctl start cloud');
    assert(Date.now() - since < 5000, `it took ${seconds(since)}`);
    return `${seconds(since)}; ${await pi.property('ActiveState')} (${await pi.property('SubState')})`;
  });
  await check('a grunt that fails at once is retried at a bounded rate, and never given up', () => crashLoop(pi));
}

export async function footprint(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  await check('what grunt says is in the journal, to its last word, and forever keeps no log', async () => {
    await pi.gruntRuns(20);
    await pi.inFlight();
    const since = await pi.does('date +%s');
    await pi.does('systemctl restart cloud');
    pi.line.heal();
    await pi.gruntRuns(20);
    const said = await pi.journal(since);
    const last = /.*\d+ uploaded\b.*/.exec(said)?.[0];
    assert(last !== undefined, 'what grunt says of its last upload at a stop is not in the journal');
    const files = (
      await pi.does('find /run/kerberos-cloud /root /home/cloud/.sync -type f -not -path "/root/.npm/*"')
    ).split('\n');
    assert(!files.some((file) => file.endsWith('.log')), files.join(' '));
    return `said at the stop: ${last}\nforever's files: ${files.filter((file) => file.startsWith('/run')).join(' ')}`;
  });
  await check('it cannot starve the camera', async () => {
    const grunt = await pi.gruntRuns(10);
    const oom = await pi.does(`cat /proc/${grunt}/oom_score_adj`);
    const nice = await pi.does(`cut -d' ' -f19 /proc/${grunt}/stat`);
    assert(oom === '500' && nice === '10', `oom_score_adj ${oom}, nice ${nice}`);
    const heap = await pi.does(`tr '\\0' '\\n' </proc/${grunt}/environ | grep -o max-old-space-size=.*`);
    const names = ['MemoryHigh', 'MemoryMax', 'CPUWeight', 'IOWeight', 'TasksMax'];
    const limits = await Promise.all(names.map(async (name) => `${name}=${await pi.property(name)}`));
    assert(
      limits.every((limit) => /=\d+$/.test(limit)),
      limits.join(' '),
    );
    const processes = [await pi.property('MainPID'), grunt];
    const peaks = await Promise.all(processes.map((pid) => pi.does(`grep VmHWM /proc/${pid}/status`)));
    const mb = peaks.map((peak) => `${Math.round(Number(/\d+/.exec(peak)?.[0]) / 1024)} MB`);
    return `oom_score_adj ${oom}, nice ${nice}, ${heap}, ${limits.join(' ')}; forever's and grunt's peak: ${mb.join(' and ')}`;
  });
}

export async function powerCut(pi: Pi, { check }: Pick<Report, 'check'>): Promise<void> {
  await check('after a power cut it boots and uploads, whatever was left behind', async () => {
    const during = await pi.inFlight();
    await pi.machine.powerCut();
    pi.line.heal();
    const after = pi.picture();
    await pi.machine.powerOn();
    await pi.booted();
    return `taken at the cut: ${await pi.arrived(during)}\ntaken after it: ${await pi.arrived(after)}`;
  });
}

async function crashLoop(pi: Pi): Promise<string> {
  const gruntfile = join(pi.machine.root, 'home/cloud/Gruntfile.js');
  const whole = readFileSync(gruntfile);
  const since = await pi.does('date +%s');
  try {
    writeFileSync(gruntfile, "console.log('started ' + Date.now()); process.exit(3);\n");
    await pi.does('systemctl restart cloud');
    const times = await until('three starts', 60, async () => {
      const starts = [...(await pi.journal(since)).matchAll(/started (\d+)/g)].map((match) => Number(match[1]) / 1000);
      return starts.length >= 3 && starts;
    });
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    assert(
      gaps.every((gap) => gap > 5 && gap < 20),
      `${gaps.join(', ')} s apart`,
    );
    writeFileSync(gruntfile, whole);
    await pi.gruntRuns(30);
    const apart = gaps.map((gap) => gap.toFixed(1)).join(' and ');
    return `${times.length} starts, ${apart} s apart; then well again: ${await pi.arrived(pi.picture())}`;
  } finally {
    writeFileSync(gruntfile, whole);
  }
}
