import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemCode, TscopeError, usageError } from '../../errors.ts';
import { formatListenAddress, type ListenAddress } from './listen-address.ts';

/** 16 characters of base64 hold 96 bits: too many to try. */
const SHORTEST = 16;

const HOW = 'Make one with `openssl rand -base64 24 > FILE` and give --token-file FILE.';

/**
 * The token to ask for: the first line of a file, or TSCOPE_TOKEN. Never a flag, which every user of the host could read
 * in the list of processes.
 *
 * @returns null where none is given.
 * @throws TscopeError IO where the file cannot be read.
 */
export function readToken(file: string | undefined, variable: string | undefined): string | null {
  if (file === undefined) return variable || null;
  try {
    return readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch (error) {
    const code = systemCode(error) ?? String(error);
    throw new TscopeError('IO', `cannot read the token file ${file} (${code}).`, HOW, { cause: error });
  }
}

/**
 * Refuses a token that can be guessed, and none where strangers can connect.
 *
 * @throws TscopeError USAGE.
 */
export function checkToken(token: string | null, needed: boolean, listen: ListenAddress): void {
  if (token === null) {
    if (!needed) return;
    const place = formatListenAddress(listen);
    throw usageError(`--listen ${place}: other hosts can connect there, so a token is needed.`, HOW);
  }
  if (token.length < SHORTEST || !/^[\x21-\x7e]+$/.test(token)) {
    throw usageError(`the token must have at least ${SHORTEST} printable characters and no space.`, HOW);
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares in a time that does not tell how much was right. */
export const sameToken = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
