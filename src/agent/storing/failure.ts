import { type ErrorCode, TscopeError } from '../../errors.ts';
import { refusalOf } from '../../system-error.ts';
import type { Failure } from './messages.ts';

/** These pass by themselves while the store stays open. */
const PASSING: readonly ErrorCode[] = ['STORE_BUSY', 'STORE_FULL'];

/** An error as it crosses to another thread. @param open false where the store cannot be written as it is open now. */
export function failureOf(error: unknown, open = true): Failure {
  const known = error instanceof TscopeError ? error : refusalOf(error);
  const code = known?.code ?? 'DEFECT';
  const message = known?.message ?? `unexpected: ${error instanceof Error ? error.message : String(error)}`;
  return { code, message, hint: known?.hint ?? null, reopen: !open || !PASSING.includes(code) };
}

/** The error on this side. */
export const errorOf = ({ code, message, hint }: Failure): TscopeError =>
  new TscopeError(code, message, hint);
