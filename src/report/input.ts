import { z } from 'zod';
import { usageError } from '../errors.ts';
import type { HostSummary } from '../host/summary.ts';
import { firstIssue } from '../schema/issues.ts';
import { shownDocuments } from '../schema/shown.ts';
import type { Warning } from '../warning.ts';
import type { Parts } from './parts.ts';

/** What a report or a comparison is made from: a document's envelope, and the parts that it holds. */
export interface PageInput {
  readonly tool: { readonly name: string; readonly version: string };
  readonly startedAt: string;
  /** The command line that made the document; null in documents before tscope 0.2. */
  readonly command: string | null;
  /** Null for a record from a file, which belongs to no host. */
  readonly host: HostSummary | null;
  readonly warnings: readonly Warning[];
  readonly parts: Parts;
  /** Parts of a run that were not measured, and why. */
  readonly skipped: ReadonlyArray<{ readonly part: string; readonly reason: string }>;
  /** The whole document, as it was read. */
  readonly document: unknown;
}

/** An input that describes a host, and so can be compared. */
export type ReportInput = PageInput & { readonly host: HostSummary };

/**
 * @param name what to call it in messages.
 * @throws TscopeError USAGE for a document that describes none.
 */
export function ofHost(input: PageInput, name: string): ReportInput {
  const { host } = input;
  if (host !== null) return { ...input, host };
  throw usageError(`${name} does not describe a host, so there is nothing to compare.`);
}

const header = z.object({ schema: z.string().regex(/^tscope\/[a-z]+\/\d+$/) });

/**
 * Reads a document: that of a run, or of one command whose result a report can show.
 *
 * @param name what to call it in messages.
 * @throws TscopeError USAGE for anything else, saying what is accepted.
 */
export function inputOf(value: unknown, name: string): PageInput {
  const accepted = `a document of tscope ${Object.keys(shownDocuments).join(', ')}`;
  const head = header.safeParse(value);
  if (!head.success) throw usageError(`${name} is not a document of tscope; give ${accepted}.`);
  const [, kind = '', version = ''] = head.data.schema.split('/');
  if (version !== '1')
    throw usageError(`${name} is of version ${version}, from a newer tscope; this one reads 1.`);
  if (!Object.hasOwn(shownDocuments, kind))
    throw usageError(`${name} is a document of tscope ${kind}; give ${accepted}.`);
  const parsed = shownDocuments[kind as keyof typeof shownDocuments].safeParse(value);
  if (!parsed.success)
    throw usageError(`${name} is not what its schema says (${firstIssue(parsed.error, value)}).`);
  const document = parsed.data;
  const { tool, startedAt, command = null, warnings, result } = document;
  const host = 'host' in document ? document.host : null;
  const common = { tool, startedAt, command, host, warnings, document };
  if (!('quick' in result)) return { ...common, parts: { [kind]: result } as Parts, skipped: [] };
  const { quick: _, skipped, ...parts } = result;
  return { ...common, parts, skipped };
}
