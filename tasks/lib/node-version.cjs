/**
 * Ends the process, in one line that says what to do, where Node.js is not one that this project runs on.
 *
 * `npm install` and every task load it before anything else. It is JavaScript of 2015 that is not compiled: the Node that
 * it refuses must understand it, and `npm install` needs it before anything is compiled.
 */
const { engines } = require('../../package.json');

/** How long a refused `grunt sync` of a service waits before it ends, in ms. */
const PATIENCE = 600000;

/**
 * Whether a version (`18.20.8`) is in a range of package.json (`^20.19.0 || >=24.0.0`).
 * @throws Error for a range with other operators.
 */
function isSupported(version, range) {
  const [major, minor, patch] = version.split('.').map(Number);
  return range.split('||').some((part) => {
    const needs = /^\s*(\^|>=)(\d+)\.(\d+)\.(\d+)\s*$/.exec(part);
    if (needs === null) throw new Error(`engines.node of package.json is not understood: ${part}`);
    const least = needs.slice(2).map(Number);
    if (major !== least[0]) return needs[1] === '>=' && major > least[0];
    return minor > least[1] || (minor === least[1] && patch >= least[2]);
  });
}

/** What is wrong with this Node and what to do, in one line; undefined where nothing is. */
function refusal(version, range, armVersion) {
  if (isSupported(version, range)) return undefined;
  // NodeSource has no packages for the ARMv6 of a Pi Zero and of the first Pi.
  const remedy =
    String(armVersion) === '6'
      ? 'unpack Node.js 22 for linux-armv6l from https://unofficial-builds.nodejs.org/download/release/ into /usr/local'
      : 'curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install -y nodejs';
  return `Node.js ${version} cannot run this, it needs ${range}. To get Node.js 22: ${remedy}. Then run npm install here again.`;
}

/** Whether a service runs `grunt sync` for ever. It would start one that ends at once again and again. */
function isService(args, isTerminal) {
  const isSync = args.some((each) => /^sync(:|$)/.test(each));
  return !isTerminal && isSync && !args.includes('--once') && !args.includes('--no-write');
}

const why = refusal(process.versions.node, engines.node, process.config.variables.arm_version);
if (why !== undefined) {
  console.error(why);
  // The service starts it again when it ends, and finds a Node that was replaced meanwhile. A signal ends it at once.
  if (isService(process.argv, process.stdout.isTTY === true)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PATIENCE);
  }
  process.exit(3);
}

module.exports = { isSupported, refusal, isService };
