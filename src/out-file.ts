import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemCode, TscopeError, usageError } from './errors.ts';
import { fileError } from './system-error.ts';

const failed = (path: string, error: unknown, blame: string): unknown =>
  error instanceof TscopeError || systemCode(error) === null
    ? error
    : fileError(`${blame}cannot write ${path}`, error);

/** As many links as the kernel follows. */
const MOST_LINKS = 40;

/** The name that a path's symbolic links end at; it need not exist. */
function targetOf(path: string): string {
  // A pipe or a socket without a name, as in /dev/fd: its link leads nowhere.
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) return path;
  let target = path;
  for (let links = 0; lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink(); links++) {
    // What stat says of such a path: ELOOP.
    if (links === MOST_LINKS) statSync(path);
    target = resolve(dirname(target), readlinkSync(target));
  }
  return target;
}

/** A new file beside `target`, under a name that nobody can foresee. */
function createPart(target: string, mode: number): { readonly part: string; readonly fd: number } {
  const part = join(dirname(target), `.tscope-${randomBytes(9).toString('base64url')}.part`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return { part, fd: openSync(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode) };
}

/** Whether a new file may take the place of what is there. */
const isReplaced = (existing: Stats | undefined): boolean => existing === undefined || existing.isFile();

/**
 * Makes sure, before anything is measured, that `path` can be written later.
 *
 * @param blame what named it, for the message: a field and a colon; empty where nothing did.
 * @throws TscopeError IO, or USAGE for an empty path.
 */
export function checkWritable(path: string, blame = '`out`: '): void {
  if (path === '') throw usageError(`${blame}the path is empty; give a file.`);
  try {
    const target = targetOf(path);
    const existing = statSync(target, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw new TscopeError('IO', `${blame}${path} is a folder; give a file.`);
    if (existing !== undefined) accessSync(target, constants.W_OK);
    if (isReplaced(existing)) {
      const { part, fd } = createPart(target, 0o600);
      closeSync(fd);
      rmSync(part);
    }
  } catch (error) {
    throw failed(path, error, blame);
  }
}

/** Gives a new file the owner and the mode of the one that it replaces. */
function takeAfter(fd: number, { uid, gid, mode }: Stats): void {
  try {
    fchownSync(fd, uid, gid);
  } catch (error) {
    // Only root may give files away; the file then belongs to whoever ran this.
    if (systemCode(error) !== 'EPERM') throw error;
  }
  fchmodSync(fd, mode & 0o7777);
}

/** Makes the new name last through a power failure. Some file systems cannot, and say EINVAL. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    if (systemCode(error) !== 'EINVAL') throw error;
  } finally {
    closeSync(fd);
  }
}

/** What was written, or null where it is not wanted any more: then the old file stays. */
function replace<T>(target: string, existing: Stats | undefined, write: (fd: number) => T | null): T | null {
  const { part, fd } = createPart(target, existing === undefined ? 0o666 : 0o600);
  let result: T | null;
  try {
    try {
      result = write(fd);
      if (existing !== undefined) takeAfter(fd, existing);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (result === null) {
      rmSync(part);
      return null;
    }
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
  return result;
}

/**
 * Has a file written whole or leaves the old one as it was, through a symbolic link too; owner and mode stay. A device or
 * a pipe cannot be replaced: it is written to. For a thread that may be held up.
 *
 * @param write writes to the descriptor; null for what is not wanted any more.
 * @returns what `write` returned. @throws TscopeError IO; what `write` throws.
 */
export function writeFileWith<T>(path: string, write: (fd: number) => T | null): T | null {
  try {
    const target = targetOf(path);
    const existing = statSync(target, { throwIfNoEntry: false });
    if (isReplaced(existing)) return replace(target, existing, write);
    const fd = openSync(target, constants.O_WRONLY);
    try {
      return write(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw failed(path, error, '');
  }
}

/**
 * The same for a text, where the thread must go on hearing signals: a pipe is waited for elsewhere.
 *
 * @throws TscopeError IO.
 */
export async function writeWhole(path: string, text: string, blame = '`out`: '): Promise<void> {
  try {
    const target = targetOf(path);
    const existing = statSync(target, { throwIfNoEntry: false });
    if (isReplaced(existing))
      replace(target, existing, (fd) => {
        writeFileSync(fd, text);
        return true;
      });
    else await writeFile(target, text, { flag: constants.O_WRONLY });
  } catch (error) {
    throw failed(path, error, blame);
  }
}
