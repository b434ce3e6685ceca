import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode, TscopeError, usageError } from './errors.ts';
import { fileError } from './system-error.ts';

/** Nobody writes more into a configuration, a token or a certificate by hand. */
const MOST_BYTES = 2 ** 20;
/** How long a pipe may take to hand over all that it holds, ms: whoever reads cannot be waited for without end. */
const PATIENCE_MS = 2_000;
const POLL_MS = 10;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Reads to the end; of a pipe, as long as patience lasts. */
function readAll(fd: number, pipe: boolean): Buffer {
  const buffer = Buffer.alloc(MOST_BYTES + 1);
  const until = performance.now() + PATIENCE_MS;
  for (let size = 0; ; ) {
    let count = 0;
    let empty = false;
    try {
      count = readSync(fd, buffer, size, buffer.length - size, null);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      empty = true;
    }
    size += count;
    if (size > MOST_BYTES) throw new RangeError('it is larger than 1 MiB');
    if (count > 0) continue;
    // A FIFO that nobody has opened to write reads as empty.
    if (!empty && (size > 0 || !pipe)) return buffer.subarray(0, size);
    if (performance.now() > until) throw new RangeError('nobody has written it to its end');
    Atomics.wait(sleeper, 0, 0, POLL_MS);
  }
}

/** Others than the owner and the group may read a file of this mode. */
const READABLE_BY_OTHERS = 0o004;

/** A file as it was read. */
interface SmallFile {
  readonly bytes: Buffer;
  /** True where every user of this host can read it. */
  readonly open: boolean;
}

/**
 * Reads a file that a program needs before it can go on: at most 1 MiB, and for at most two seconds, whatever kind of file
 * it is.
 *
 * @param what it is, for the message: `the token file`.
 * @throws TscopeError USAGE where it is no such file; IO where it cannot be read.
 */
export function readSmallFile(what: string, path: string): SmallFile {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const entry = fstatSync(fd);
      return { bytes: readAll(fd, entry.isFIFO()), open: (entry.mode & READABLE_BY_OTHERS) !== 0 };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof TscopeError) throw error;
    if (error instanceof RangeError) throw usageError(`cannot read ${what} ${path}: ${error.message}.`);
    throw fileError(`cannot read ${what} ${path}`, error);
  }
}
