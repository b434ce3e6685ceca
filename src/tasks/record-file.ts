import { RecordReader } from '../records/read-record.ts';
import type { RecordOptions, TextRecord } from '../records/record.ts';
import { textLines, textName } from '../text-file.ts';

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
