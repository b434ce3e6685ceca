import { TscopeError } from '../../errors.ts';

/** That what was asked has never been made. */
export const noFleetStore = (place: string): TscopeError =>
  new TscopeError(
    'STORE_REFUSED',
    `${place} holds no fleet store.`,
    'Give what `tscope fleet collect --db` was given.',
  );

/** That a newer version made it. @param known the newest that this one knows. */
export const newerFleetStore = (place: string, version: number, known: number): TscopeError =>
  new TscopeError(
    'STORE_REFUSED',
    `${place} is of a newer tscope (version ${version}; this one knows ${known}).`,
    'Use that tscope.',
  );

/** What to do where there is no room. */
export const KEEP_LESS =
  'Make room, or keep less (`retainMinutes`). Nothing is lost: what cannot be stored stays in the hub.';
