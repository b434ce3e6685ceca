import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode, TscopeError, usageError } from '../errors.ts';
import { makeFolder } from '../folder.ts';
import { checkWritable } from './out-file.ts';

/** The folder of one run, made before anything is measured. */
export interface RunFolder {
  readonly document: string;
  readonly report: string;
  /** Removes the folder again if nothing was written to it. */
  discardIfEmpty(): void;
}

/** Where a run goes that names no folder: `tscope-runs/20260131-235959`. */
export const defaultRunFolder = (startedAt: Date): string => {
  const digits = startedAt.toISOString().replace(/\D/g, '');
  return join('tscope-runs', `${digits.slice(0, 8)}-${digits.slice(8, 14)}`);
};

/**
 * Makes the folder and checks that both files can be written into it.
 *
 * @throws TscopeError IO where they cannot, USAGE where the folder holds a run already.
 */
export function openRunFolder(folder: string): RunFolder {
  if (folder === '') throw usageError('--out: the path is empty; give a folder.');
  const document = join(folder, 'run.json');
  if (existsSync(document)) throw usageError(`--out: ${folder} holds a run already; give another folder.`);
  try {
    makeFolder(folder);
  } catch (error) {
    const reason = systemCode(error) ?? String(error);
    throw new TscopeError('IO', `--out: cannot make the folder ${folder} (${reason}).`, null, {
      cause: error,
    });
  }
  const report = join(folder, 'report.html');
  for (const file of [document, report]) checkWritable(file);
  return {
    document,
    report,
    discardIfEmpty: () => {
      try {
        rmdirSync(folder);
      } catch {
        // It holds something, or is gone.
      }
    },
  };
}
