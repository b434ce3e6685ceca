import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { TscopeError, usageError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { checkWritable } from '../out-file.ts';
import { fileError } from '../system-error.ts';

const ELSEWHERE = 'Give another folder: --out FOLDER.';

/** Where a run goes that names no folder: `tscope-runs/20260131-235959`. */
const defaultRunFolder = (startedAt: Date): string => {
  const digits = startedAt.toISOString().replace(/\D/g, '');
  return join('tscope-runs', `${digits.slice(0, 8)}-${digits.slice(8, 14)}`);
};

/**
 * Makes the folder of a run before anything is measured, by default one named by the time, and checks that both files can be written into it.
 *
 * @throws TscopeError IO where they cannot, USAGE where the folder holds a run already.
 */
export function openRunFolder(out: string | undefined, startedAt: Date) {
  if (out === '') throw usageError('--out: the path is empty; give a folder.');
  const folder = out ?? defaultRunFolder(startedAt);
  const blame = out === undefined ? '' : '--out: ';
  const document = join(folder, 'run.json');
  if (existsSync(document))
    throw usageError(`${blame}${folder} holds a run already; give another folder.`, ELSEWHERE);
  try {
    makeFolder(folder);
  } catch (error) {
    const { code, message, hint } = fileError(`${blame}cannot make the folder ${folder}`, error);
    throw new TscopeError(code, message, out === undefined ? ELSEWHERE : hint, { cause: error });
  }
  const report = join(folder, 'report.html');
  for (const file of [document, report]) checkWritable(file, blame);
  return {
    document,
    report,
    /** Removes the folder again if nothing was written to it. */
    discardIfEmpty: (): void => {
      try {
        rmdirSync(folder);
      } catch {
        // It holds something, or is gone.
      }
    },
  };
}
