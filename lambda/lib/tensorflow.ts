/** TensorFlow.js on its WebAssembly back end, which the embedded engines of faces and labels share. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ready, setBackend } from '@tensorflow/tfjs-core';

let started: Promise<void> | undefined;

/**
 * Loads the back end, once in a process.
 *
 * @throws Error if the package is not installed or the back end cannot be loaded.
 */
export function startWasm(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  setWasmPaths(join(wasmDirectory(), '/'));
  // At the memory that we configure, Lambda gives less than two processors.
  setThreadsCount(1);
  await setBackend('wasm');
  await ready();
}

/** The directory of the back end: beside the bundle after `npm run build`, otherwise in its package. */
function wasmDirectory(): string {
  const beside = join(__dirname, 'tfjs-wasm');
  if (existsSync(beside)) return beside;
  return join(dirname(createRequire(__filename).resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
}
