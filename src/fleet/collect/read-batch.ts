import { usageError } from '../../errors.ts';
import { printableLine } from '../../printable.ts';
import { type FleetBatch, fleetBatchSchema } from '../../schema/fleet-batch.ts';
import { firstIssue } from '../../schema/issues.ts';
import { MOST_BATCH_BYTES } from '../../schema/words.ts';
import { documentSummary } from '../store/document-summary.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const OURS = /^tscope\/fleet-batch\/(\d{1,6})$/;

/** JSON.stringify of the text's beginning would double what is hostile in it. */
const shown = (value: unknown): string =>
  typeof value === 'string' ? `'${printableLine(value).slice(0, 60)}'` : typeof value;

function parse(data: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(data);
  } catch {
    throw usageError('it is not UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw usageError('it is not JSON.');
  }
}

/**
 * A message as a batch.
 *
 * @param word the last word of its subject, which the server allowed the sender.
 * @throws TscopeError USAGE with the reason for which it cannot be read.
 */
export function readBatch(data: Uint8Array, word: string): FleetBatch {
  if (data.length > MOST_BATCH_BYTES) {
    throw usageError(`it has ${data.length} bytes; a batch has ${MOST_BATCH_BYTES} at most.`);
  }
  const value = parse(data);
  const parsed = fleetBatchSchema.safeParse(value);
  if (!parsed.success) {
    const schema = typeof value === 'object' && value !== null ? Reflect.get(value, 'schema') : undefined;
    const version = OURS.exec(typeof schema === 'string' ? schema : '')?.[1];
    if (version === undefined) throw usageError(`its schema is ${shown(schema)}, not tscope/fleet-batch/1.`);
    if (version !== '1') throw usageError(`it is of version ${version}; this collector reads version 1.`);
    throw usageError(`${firstIssue(parsed.error, value)}.`);
  }
  const batch = parsed.data;
  if (batch.host.id !== word) {
    throw usageError(`it was sent as '${word}' and says that it comes from '${batch.host.id}'.`);
  }
  for (const { document } of batch.runs) {
    if (document !== undefined) documentSummary(Buffer.from(document, 'base64'));
  }
  return batch;
}
