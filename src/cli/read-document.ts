import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, usageError } from '../errors.ts';
import { inputOf } from '../report/input.ts';
import { documentOfRun, findRun } from '../store/runs.ts';
import { openStoreToRead, using } from '../store/store.ts';
import { fileError } from '../system-error.ts';
import { readText, textName } from '../text-file.ts';

/** What a run may be named by, for the help of commands that take one. */
export const RUN_HELP =
  'a JSON document, a folder with a run.json, a folder of tscope-runs, a run in the store, or - for standard input';

/** What is at `path`, if anything; asked without blocking the thread that hears signals. */
async function kindOf(path: string): Promise<'folder' | 'file' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCode(error) ?? '')) return null;
    throw fileError(`cannot read ${path}`, error);
  }
}

/** The file that `name` stands for; null where there is none. */
async function fileOf(name: string): Promise<string | null> {
  for (const path of [name, join('tscope-runs', name)]) {
    const kind = await kindOf(path);
    if (kind === 'file') return path;
    const document = join(path, 'run.json');
    if (kind === 'folder' && (await kindOf(document)) === 'file') return document;
  }
  return null;
}

/** The document that a run of the store left. */
async function fromStore(name: string, db: string): Promise<string | null> {
  if ((await kindOf(db)) === null) return null;
  return using(openStoreToRead(db), (store) => {
    const run = findRun(store, name);
    if (run === null) return null;
    const document = documentOfRun(store, run.id);
    if (document !== null) return document;
    throw usageError(
      `${name}: this run of ${db} keeps samples and no document (tscope ${run.command}).`,
      'The page of `tscope agent --db FILE` shows the samples of a store.',
    );
  });
}

/** The document in a text; `file` is null where it was in none. */
function documentIn(text: string, name: string, file: string | null) {
  try {
    return { input: inputOf(JSON.parse(text), name), file };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw usageError(`${name} is not JSON; give what a tscope command printed with --json.`);
  }
}

/** The most bytes of a document, unpacked; the longest run leaves some megabytes. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Finds and reads the document that a user names.
 *
 * @param db the store to look in last.
 * @returns it, and its file; null for one from a store or standard input.
 * @throws TscopeError USAGE where there is none, and for a document that is not tscope's; IO where it cannot be read.
 */
export async function readDocument(name: string, db: string) {
  const path = name === '' || name === '-' ? name : await fileOf(name);
  if (path) return documentIn(await readText(path, MOST_BYTES), textName(path), path === '-' ? null : path);
  const stored = name === '' ? null : await fromStore(name, db);
  if (stored !== null) return documentIn(stored, name, null);
  throw usageError(
    `${name === '' ? 'an empty name' : name}: no such document; give ${RUN_HELP}.`,
    `\`tscope runs --db FILE\` lists the runs of a store.`,
  );
}
