/**
 * One `grunt sync` per target and state directory, and the line on which `grunt status` asks it.
 *
 * Both are a Unix socket beside the ledger: who listens on it is at work, and the kernel ends that with the process, so
 * nothing stale is left to be believed after a `kill -9` or a power cut. A question is one line of JSON, the answer another.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** `sun_path` of Linux holds 108 bytes with the ending NUL (unix(7)). */
const LONGEST_PATH = 107;
/** Two that start at the same moment may both find a dead socket: who has lost sees it after so many ms. */
const SETTLED_AFTER = 100;
/** The question that tells one listener from another. */
const WHO = { who: true };
/** Who does not answer in so many ms is not there. */
const ANSWER_TIMEOUT = 5_000;

/** Where the socket of a target is. A path that is too long for the kernel gets a short stand-in. */
export function controlPath(state: string, target: string): string {
  const path = join(state, `${encodeURIComponent(target)}.sock`);
  if (Buffer.byteLength(path) <= LONGEST_PATH) return path;
  return join(tmpdir(), `kerberos-sync-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.sock`);
}

/** The right to be the only one; given back with `release`. */
export interface Claim {
  release(): void;
}

/**
 * Claims `path`, and answers questions on it from then on. `undefined` where somebody else is at work there.
 * Throws what the file system says where no socket can be made.
 */
export async function claim(path: string, answer: (question: unknown) => unknown): Promise<Claim | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const token = randomUUID();
  const server = createServer((socket) => serve(socket, (asked) => (isWho(asked) ? token : answer(asked))));
  if (!(await listen(server, path))) {
    const other = await connect(path);
    other?.destroy();
    if (other !== undefined) return undefined;
    await unlink(path).catch(() => {});
    if (!(await listen(server, path))) return undefined;
  }
  // Anyone on this machine may ask; there is nothing secret in the answers.
  await chmod(path, 0o666).catch(() => {});
  await wait(SETTLED_AFTER);
  // Not the inode: a socket that replaces another one may get the same.
  if ((await ask(path, WHO)) !== token) {
    // Closing it would remove the path, which is the winner's now.
    server.unref();
    return undefined;
  }
  return { release: () => void server.close() };
}

/**
 * As `claim`; but where no socket can be made (the disk is full, may not be written, or knows no sockets) it is told, and
 * the work is done without: pictures are worth more than the certainty to be the only one.
 */
export async function claimOrGoWithout(
  path: string,
  answer: (question: unknown) => unknown,
  report: { warn(text: string): void },
): Promise<Claim | undefined> {
  try {
    return await claim(path, answer);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    report.warn(`${path} cannot be made (${why}): uploads go on, but grunt status cannot ask this process.`);
    return { release: () => {} };
  }
}

/** The answer of whoever is at work; `undefined` where nobody is. */
export async function ask(path: string, question: unknown): Promise<unknown> {
  const socket = await connect(path);
  if (socket === undefined) return undefined;
  socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy());
  socket.end(`${JSON.stringify(question)}\n`);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk);
    const answer: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return answer;
  } catch {
    return undefined;
  }
}

function isWho(question: unknown): boolean {
  return typeof question === 'object' && question !== null && 'who' in question;
}

function serve(socket: Socket, answer: (question: unknown) => unknown): void {
  let text = '';
  socket.on('error', () => socket.destroy());
  socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy());
  socket.setEncoding('utf8').on('data', (data) => {
    text += data;
    const end = text.indexOf('\n');
    if (end < 0 && text.length < 65_536) return;
    socket.removeAllListeners('data');
    try {
      socket.end(JSON.stringify(answer(JSON.parse(text.slice(0, end)))));
    } catch {
      socket.destroy();
    }
  });
}

function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error));
    server.once('error', onError).listen(path, () => {
      server.removeListener('error', onError);
      resolve(true);
    });
  });
}

/** A connected socket that the caller ends; `undefined` where nobody listens. */
function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => resolve(socket)).on('error', () => resolve(undefined));
  });
}
