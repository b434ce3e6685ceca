import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';

/**
 * Makes a folder and those above it, as `mkdir -p`. Node's own `recursive` never returns where the kernel refuses with
 * ENOENT what it has just found to exist, as in /proc.
 *
 * @throws the system error of the first folder that cannot be made.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was quicker.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
