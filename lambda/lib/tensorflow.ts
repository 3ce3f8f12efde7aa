/** TensorFlow.js on its WebAssembly back end, which the embedded engines of faces and of labels share. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ready, setBackend } from '@tensorflow/tfjs-core';

let started: Promise<void> | undefined;

/** Loads the back end, once in a process. */
export function startWasm(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  setWasmPaths(join(wasmDirectory(), '/'));
  // Lambda gives less than two processors at the memory that we ask for.
  setThreadsCount(1);
  await setBackend('wasm');
  await ready();
}

/** `npm run build` lays it beside the bundle; otherwise it lies in its package. */
function wasmDirectory(): string {
  const beside = join(__dirname, 'tfjs-wasm');
  if (existsSync(beside)) return beside;
  return join(dirname(createRequire(__filename).resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
}
