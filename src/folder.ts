import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Makes a folder and those above it, as `mkdir -p`. Node's own `recursive` never returns where the kernel refuses with
 * ENOENT what it has just found to exist, as in /proc.
 *
 * @throws the system error of the first folder that cannot be made.
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was quicker; a file of that name is not a folder.
    if (systemCode(error) !== 'EEXIST' || !isFolder(path)) throw error;
  }
}
