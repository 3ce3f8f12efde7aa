/**
 * Reads small files that others than us may write: a settings file, the configuration of the web interface, a key in
 * /var/tmp. The path may be a FIFO, on which a reader would wait for ever, a file that takes all memory, or a link to a
 * file that only we may read.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** The largest size of a settings file, in bytes. */
export const LARGEST = 1024 * 1024;

/** Options of `readForeignFile`. */
export interface ForeignFileOptions {
  /** The largest size that is read, in bytes; `LARGEST` by default. */
  readonly largest?: number;
  /**
   * For a directory where anybody may make files: links are not followed, and the file must belong to root, to the user
   * of this process, or to one of these user ids.
   */
  readonly ownedBy?: readonly number[];
}

/** The file exists, but must not be read. `code` is like those of the operating system. */
export class ForeignFileError extends Error {
  override readonly name = 'ForeignFileError';
  constructor(
    readonly code: 'ENOTFILE' | 'EFBIG' | 'EOWNER',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads the file.
 *
 * @throws ForeignFileError if it is no regular file, too large, or belongs to another user.
 * @throws what `open` throws.
 */
export async function readForeignFile(path: string, options: ForeignFileOptions = {}): Promise<Buffer> {
  const { largest = LARGEST, ownedBy } = options;
  const noFollow = ownedBy === undefined ? 0 : constants.O_NOFOLLOW;
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | noFollow);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ForeignFileError('ENOTFILE', `${path} is not a file`);
    if (stats.size > largest) {
      throw new ForeignFileError('EFBIG', `${path} is larger than ${largest} bytes`);
    }
    if (ownedBy !== undefined && ![0, process.getuid?.() ?? 0, ...ownedBy].includes(stats.uid)) {
      throw new ForeignFileError('EOWNER', `${path} belongs to the user ${stats.uid}`);
    }
    // It may grow while it is read.
    const bytes = Buffer.alloc(largest);
    let length = 0;
    for (let read = -1; read !== 0 && length < largest; length += read) {
      read = (await handle.read(bytes, length, Math.min(largest - length, 65_536), length)).bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}
