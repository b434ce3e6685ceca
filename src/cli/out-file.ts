import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { systemCode, TscopeError, usageError } from '../errors.ts';

const failed = (path: string, error: unknown): TscopeError =>
  new TscopeError('IO', `--out: cannot write ${path} (${systemCode(error) ?? String(error)}).`, null, {
    cause: error,
  });

/** Where a file is written before it takes its name. */
const partOf = (path: string): string => `${path}.${process.pid}.part`;

/**
 * Makes sure, before anything is measured, that `path` can be written later.
 *
 * @throws TscopeError IO, or USAGE for an empty path.
 */
export function checkWritable(path: string): void {
  if (path === '') throw usageError('--out: the path is empty; give a file.');
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw new TscopeError('IO', `--out: ${path} is a folder; give a file.`);
    if (existing !== undefined) accessSync(path, constants.W_OK);
    if (existing === undefined || existing.isFile()) {
      writeFileSync(partOf(path), '');
      rmSync(partOf(path));
    }
  } catch (error) {
    throw error instanceof TscopeError ? error : failed(path, error);
  }
}

/**
 * Writes a whole file or leaves the old one as it was.
 *
 * @throws TscopeError IO.
 */
export function writeWhole(path: string, text: string): void {
  const part = partOf(path);
  try {
    // A device or a pipe cannot be replaced by a rename.
    const replaceable = statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
    writeFileSync(replaceable ? part : path, text);
    if (replaceable) renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw failed(path, error);
  }
}
