import { RecordReader } from '../../src/records/read-record.ts';
import type { RecordOptions } from '../../src/records/record.ts';

/** What is read from these lines of a file. */
export function read(lines: readonly string[], options: RecordOptions = {}) {
  const reader = new RecordReader('file', options);
  reader.add(lines);
  return reader.end();
}
