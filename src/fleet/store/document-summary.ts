import { gunzipSync } from 'node:zlib';
import { usageError } from '../../errors.ts';

/** A document grows to this at most when it is unpacked, bytes: larger is none of ours. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Members of a result that a fleet is asked about, by the document's kind. */
const MAIN_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  kvm: [
    'path',
    'verdict',
    'fix',
    'periodNs',
    'requestedPeriodNs',
    'burstEstimate',
    'explanation',
    'trace',
    'host',
  ],
  stop: ['lockupThreshold', 'clampPrice', 'watchdogNs', 'simulated'],
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The JSON of a document as it was packed. @throws TscopeError USAGE where it is none. */
export function unpackDocument(content: Buffer): string {
  try {
    return gunzipSync(content, { maxOutputLength: MOST_BYTES }).toString('utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw usageError(`a document cannot be unpacked: ${reason}.`);
  }
}

/**
 * What a document is about.
 *
 * @param content compressed with gzip.
 * @throws TscopeError USAGE where it is no document of tscope's.
 */
export function documentSummary(content: Buffer): { kind: string; kernel: string | null; summary: string } {
  const text = unpackDocument(content);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw usageError('a document is not JSON.');
  }
  const schema = isObject(document) ? document['schema'] : null;
  const kind = typeof schema === 'string' ? /^tscope\/([a-z-]{1,32})\/\d+$/.exec(schema)?.[1] : undefined;
  if (!isObject(document) || kind === undefined) throw usageError("a document has no schema of tscope's.");
  const { host, result } = document;
  const kernel = isObject(host) && typeof host['kernel'] === 'string' ? host['kernel'] : null;
  const members = isObject(result) ? result : {};
  const main = (MAIN_MEMBERS[kind] ?? []).filter((member) => members[member] !== undefined);
  const summary = JSON.stringify(Object.fromEntries(main.map((member) => [member, members[member]])));
  return { kind, kernel, summary };
}
