import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventName, Instance, ROOT, startBucket } from '../kerberos';
import { until } from '../until';

describe('Console', function () {
  this.timeout(60_000);

  it('shows a bar with rate and time left for a backlog on a terminal, and then what was done', async () => {
    const data = await mkdtemp(join(tmpdir(), 's3-'));
    const s3 = await startBucket(data);
    const instance = await Instance.make();
    for (let index = 0; index < 200; index++) await instance.picture(eventName(index));
    const grunt = `'${process.execPath}' '${join(ROOT, 'node_modules', 'grunt', 'bin', 'grunt')}' --gruntfile '${join(ROOT, 'Gruntfile.js')}'`;
    const { PATH = '' } = process.env;
    // script(1) gives it a terminal.
    const terminal = spawn(
      'script',
      ['-qfec', `stty cols 120; exec ${grunt} sync --force --limit-rate=100k`, '/dev/null'],
      {
        env: {
          PATH,
          TERM: 'xterm',
          KERBEROS_CONFIG: instance.config,
          SYNC_STATE: instance.state,
          AWS_ENDPOINT_URL: s3.endpoint,
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let output = '';
    terminal.stdout.on('data', (text) => {
      output += text;
    });
    try {
      await until(
        () => /\d+\/\d{3} pictures \| [\d.]+ KB\/s \| \d+ s left \| 0 failed/.test(output),
        () => `a bar in ${output}`,
      );
      await until(
        // With those that were uploaded before the bar came.
        () => output.includes('200 uploaded'),
        () => `the summary in ${output}`,
      );
      // Ctrl-C.
      terminal.stdin.write('\x03');
      const code = await new Promise((resolve) => terminal.once('exit', resolve));
      expect(code).to.equal(0);
    } finally {
      terminal.kill('SIGKILL');
      await s3.close();
      await instance.remove();
      await rm(data, { recursive: true });
    }
  });
});
