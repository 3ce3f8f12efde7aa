/**
 * `npm run test:moto`: the Lambda's tests once more, on moto's S3 and DynamoDB instead of the embedded ones. What holds on
 * both is not a habit of ours. Where moto is not on the machine they are left out, and this says so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { motoMissing, startMoto } from '../peers/servers';

const MOCHA = join(__dirname, '..', '..', 'node_modules', 'mocha', 'bin', 'mocha.js');
const TESTS = [
  'ingest/ingest',
  'ingest/people',
  'faces/embedded',
  'gallery/deletion',
  'gallery/events',
  'gallery/persons',
].map((name) => join(__dirname, `${name}.test.js`));

async function main(): Promise<void> {
  const missing = motoMissing();
  if (missing) {
    console.log(`The Lambda's tests on moto are left out: ${missing} is not on this machine.`);
    return;
  }
  const moto = await startMoto();
  try {
    const options = ['--no-config', '--forbid-only', '--timeout', '120000'];
    const child = spawn(process.execPath, [MOCHA, ...options, ...TESTS], {
      env: { ...process.env, TEST_AWS_ENDPOINT: moto.endpoint },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    process.exitCode = code ?? 1;
  } finally {
    await moto.stop();
  }
}

void main();
