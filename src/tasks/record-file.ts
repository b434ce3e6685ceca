import { readSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { type RecordOptions, RecordReader, type TextRecord } from '../records/read-record.ts';
import { textLines, textName } from '../text-file.ts';

/** Reads what is there, also from a pipe that has nothing yet. 0 at the end. */
export function readSome(descriptor: number, buffer: Uint8Array): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return readSync(descriptor, buffer, 0, buffer.length, null);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}

/**
 * Reads a file that somebody recorded: phase or frequency, in any of the formats of `RecordReader`.
 *
 * @param path a file, or `-` for standard input.
 * @throws TscopeError USAGE naming the first bad line; IO where the file cannot be read.
 */
export async function readRecordFile(
  path: string,
  options: RecordOptions,
  cancelled: () => boolean = () => false,
): Promise<TextRecord> {
  const reader = new RecordReader(textName(path), options);
  for await (const lines of textLines(path, { cancelled })) reader.add(lines);
  return reader.end();
}
