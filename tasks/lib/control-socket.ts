/**
 * Keeps `grunt sync` to one process for each target and state directory, and answers `grunt status`.
 *
 * Both need one Unix socket beside the ledger. The process that listens on it is the one at work. The kernel closes the
 * socket with the process, so a `kill -9` or a power cut leaves nothing that looks alive. A question is one line of
 * JSON, and so is its answer.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants, lstatSync } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** `sun_path` of Linux has 108 bytes, with a NUL at the end (unix(7)). */
const LONGEST_PATH = 107;
/** The longest file name, in bytes. */
const LONGEST_NAME = 255;
/**
 * Of two processes that start at the same moment, both may find a dead socket. After 100 ms the loser can see that it
 * lost.
 */
const SETTLED_AFTER = 100;
/** The question whose answer identifies the listener. */
const WHO = { who: true };
/** A process that has not answered after 5,000 ms counts as gone. */
const ANSWER_TIMEOUT = 5_000;
/** The longest answer that is read, in bytes. */
const LONGEST_ANSWER = 16 * 1024 * 1024;

/** The path of a target's socket: beside its ledger, where no other user can make one. */
export function controlPath(state: string, target: string): string {
  const name = `${encodeURIComponent(target)}.sock`;
  const isShort = Buffer.byteLength(name) <= LONGEST_NAME;
  return join(state, isShort ? name : `${createHash('sha256').update(name).digest('hex')}.sock`);
}

/** The right to be the only process; `release` gives it back. */
export interface Claim {
  /**
   * Whether the right is still this process's. A process that was stopped for long (SIGSTOP, a suspended machine) may
   * have been replaced by another. Costs one look at the socket's inode, cheap enough for every upload.
   */
  isHeld(): boolean;
  release(): void;
}

/**
 * Claims `path`, and answers questions on it from then on.
 *
 * @returns `undefined` if another process has claimed it.
 * @throws the error of the file system if no socket can be made.
 */
export async function claim(path: string, answer: (question: unknown) => unknown): Promise<Claim | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const socket = await Address.of(path);
  try {
    const claimed = await claimAt(socket, answer);
    if (claimed === undefined) await socket.close();
    return claimed;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

async function claimAt(socket: Address, answer: (question: unknown) => unknown): Promise<Claim | undefined> {
  const token = randomUUID();
  const server = createServer((asking) => serve(asking, (asked) => (isWho(asked) ? token : answer(asked))));
  if (!(await listen(server, socket.path))) {
    const isTrusted = await socket.isTrusted();
    const other = isTrusted ? await connect(socket.path) : undefined;
    other?.destroy();
    if (other !== undefined) return undefined;
    // A stranger's socket that cannot be removed must not stop us: the caller goes on without one.
    await unlink(socket.path).catch((error) => {
      if (!isTrusted) throw error;
    });
    if (!(await listen(server, socket.path))) return undefined;
  }
  // Anyone on this machine may ask: the answers hold nothing secret.
  await chmod(socket.path, 0o666).catch(() => {});
  await wait(SETTLED_AFTER);
  // Not by inode: a socket that replaces another may get the same inode.
  if ((await askAt(socket, WHO)) !== token) {
    // Closing it would remove the path, which is the winner's now.
    server.unref();
    return undefined;
  }
  const own = identityOf(socket.path);
  const isHeld = () => own === undefined || [own, undefined].includes(identityOf(socket.path));
  const release = () => {
    // Closing the server removes the path, which may be another process's now.
    if (isHeld()) server.close(() => void socket.close());
    else server.unref();
  };
  return { isHeld, release };
}

/**
 * Like `claim`, but if no socket can be made (the disk is full, read-only, or knows no sockets), warns and goes on
 * without one: pictures are worth more than the certainty to be the only process.
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
    return { isHeld: () => true, release: () => {} };
  }
}

/** Identifies the socket at `path`; `undefined` where there is none. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}:${ctimeNs}`;
  } catch {
    return undefined;
  }
}

/**
 * Asks the process that listens at `path`.
 *
 * @returns its answer; `undefined` if no process answers, or the socket is not trusted.
 */
export async function ask(path: string, question: unknown): Promise<unknown> {
  let address: Address | undefined;
  try {
    address = await Address.of(path);
    return (await address.isTrusted()) ? await askAt(address, question) : undefined;
  } catch {
    return undefined;
  } finally {
    await address?.close();
  }
}

async function askAt(address: Address, question: unknown): Promise<unknown> {
  const socket = await connect(address.path);
  if (socket === undefined) return undefined;
  socket.setTimeout(ANSWER_TIMEOUT, () => socket.destroy());
  socket.end(`${JSON.stringify(question)}\n`);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of socket) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST_ANSWER) return undefined;
    }
    const answer: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return answer;
  } catch {
    return undefined;
  }
}

/** A socket, addressed by a path that is short enough for the kernel, however long its directory's path is. */
class Address {
  readonly path: string;
  readonly #directory: FileHandle;

  private constructor(path: string, directory: FileHandle) {
    this.#directory = directory;
    this.path =
      Buffer.byteLength(path) <= LONGEST_PATH ? path : `/proc/self/fd/${directory.fd}/${shortNameOf(basename(path))}`;
  }

  /**
   * Opens the socket's directory.
   *
   * @throws the error of the file system if it cannot be opened.
   */
  static async of(path: string): Promise<Address> {
    return new Address(path, await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /**
   * Whether the socket belongs to root, to the user of this process, or to the owner of its directory. Another user's
   * socket can only be in a directory that other users may write to.
   */
  async isTrusted(): Promise<boolean> {
    const owner = await lstat(this.path).catch(() => undefined);
    const { uid } = await this.#directory.stat();
    return owner !== undefined && [0, process.getuid?.() ?? 0, uid].includes(owner.uid);
  }

  close(): Promise<void> {
    return this.#directory.close();
  }
}

/** A short name for a file: it must fit behind `/proc/self/fd/N/`. */
function shortNameOf(name: string): string {
  return name.length <= 64 ? name : `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.sock`;
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

/** A connected socket, which the caller must end; `undefined` if no process listens. */
function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => resolve(socket)).on('error', () => resolve(undefined));
  });
}
