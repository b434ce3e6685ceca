import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, TscopeError, usageError } from '../errors.ts';
import { inputOf, type ReportInput } from '../report/input.ts';
import { documentOfRun, findRun } from '../store/runs.ts';
import { DEFAULT_STORE, openStoreToRead } from '../store/store.ts';

/** Where a document was found; `file` is null for one from a store or standard input. */
export interface FoundDocument {
  readonly input: ReportInput;
  readonly file: string | null;
}

/** What a run may be named by, for the help of commands that take one. */
export const RUN_HELP =
  'a JSON document, a folder with a run.json, a folder of tscope-runs, a run in the store, or - for standard input';

/** The file that `name` stands for; null where there is none. */
function fileOf(name: string): string | null {
  for (const path of [name, join('tscope-runs', name)]) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isDirectory()) return path;
    const document = join(path, 'run.json');
    if (existsSync(document)) return document;
  }
  return null;
}

/** The document that a run of the store left. */
function fromStore(name: string, db: string): string | null {
  if (!existsSync(db)) return null;
  const store = openStoreToRead(db);
  try {
    const run = findRun(store, name);
    if (run === null) return null;
    const document = documentOfRun(store, run.id);
    if (document !== null) return document;
    throw usageError(
      `${name}: this run of ${db} keeps samples and no document (tscope ${run.command}).`,
      'The page of `tscope agent --db FILE` shows the samples of a store.',
    );
  } finally {
    store.close();
  }
}

function read(path: string | 0, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TscopeError('IO', `cannot read ${name} (${systemCode(error) ?? String(error)}).`, null, {
      cause: error,
    });
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`${name} is not JSON; give what a tscope command printed with --json.`);
  }
}

/**
 * Finds and reads the document that a user names.
 *
 * @param db the store to look in last.
 * @throws TscopeError USAGE where there is none, and for a document that is not tscope's; IO where it cannot be read.
 */
export function readDocument(name: string, db: string = DEFAULT_STORE): FoundDocument {
  if (name === '-')
    return {
      input: inputOf(parse(read(0, 'standard input'), 'standard input'), 'standard input'),
      file: null,
    };
  const file = name === '' ? null : fileOf(name);
  if (file !== null) return { input: inputOf(parse(read(file, file), file), file), file };
  const stored = name === '' ? null : fromStore(name, db);
  if (stored !== null) return { input: inputOf(parse(stored, name), name), file: null };
  throw usageError(
    `${name === '' ? 'an empty name' : name}: no such document; give ${RUN_HELP}.`,
    `\`tscope runs --db FILE\` lists the runs of a store.`,
  );
}
