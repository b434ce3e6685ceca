import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 save memory rather than time, for a process that sleeps for months: measured with a scrape every 0.2 s, 77 MB
 * resident instead of 99. The heap's young generation does not grow beyond its first size, and no code is compiled for
 * speed, which SQLite and the addon, where the time goes, do not notice.
 *
 * To be called before anything large is loaded.
 */
export function saveMemory(): void {
  for (const flag of ['--optimize-for-size', '--semi-space-growth-factor=1', '--no-opt'])
    setFlagsFromString(flag);
}
