import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The target of a descriptor; null for one that has just been closed. */
function targetOf(descriptor: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return null;
  }
}

function realPath(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** Whether this process has a store or its log open, also where the file was removed or moved meanwhile. */
export function isOpen(path: string): boolean {
  const real = realPath(path);
  const names = new Set(
    ['', '-wal', '-shm'].flatMap((suffix) => [real + suffix, `${real}${suffix} (deleted)`]),
  );
  return readdirSync('/proc/self/fd').some((descriptor) => names.has(targetOf(descriptor) ?? ''));
}

let collect: (() => void) | null = null;

/**
 * Collects garbage now. A closed database stays open in libsql until its statements are collected, and SQLite, when it
 * really closes, removes the log by its name, whosoever it is by then.
 */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
