import { createHash, timingSafeEqual } from 'node:crypto';
import { usageError } from '../../errors.ts';
import { readSmallFile } from '../../small-file.ts';
import { formatListenAddress, type ListenAddress } from './listen-address.ts';

/** 16 characters of base64 hold 96 bits: too many to try. */
export const SHORTEST = 16;
/** Random text of 16 hexadecimal digits has fewer different ones once in 3,000 times; what people type has fewer. */
const LEAST_DIFFERENT = 6;

const HOW = 'Make one with `openssl rand -base64 24 > FILE` and give the file as `tokenFile`.';

/**
 * The token to ask for: the first line of a file, or TSCOPE_TOKEN. Never a flag, which every user of the host could read
 * in the list of processes.
 *
 * @returns null where none is given.
 * @throws TscopeError IO where the file cannot be read; USAGE where every user of this host can read it.
 */
export function readToken(file: string | undefined, variable: string | undefined): string | null {
  if (file === undefined) return variable || null;
  const { bytes, open } = readSmallFile('the token file', file);
  if (open) {
    const message = `\`tokenFile\` ${file}: every user of this host can read it, so that it keeps nobody out.`;
    throw usageError(message, `chmod 600 ${file}`);
  }
  return bytes.toString('utf8').split('\n')[0]?.trim() ?? '';
}

/** `abcabcabcabcabcabc`: no longer to guess than its part. */
const isRepetition = (token: string): boolean => /^(.+?)\1+$/.test(token);

/**
 * Refuses a token that can be guessed, and none where strangers can connect.
 *
 * @throws TscopeError USAGE.
 */
export function checkToken(token: string | null, needed: boolean, listen: ListenAddress): void {
  if (token === null) {
    if (!needed) return;
    const place = formatListenAddress(listen);
    throw usageError(`\`listen\` ${place}: other hosts can connect there, so a token is needed.`, HOW);
  }
  if (token.length < SHORTEST || !/^[\x21-\x7e]+$/.test(token)) {
    throw usageError(`the token must have at least ${SHORTEST} printable characters and no space.`, HOW);
  }
  if (new Set(token).size < LEAST_DIFFERENT || isRepetition(token)) {
    throw usageError(
      `the token can be guessed: it must have at least ${LEAST_DIFFERENT} different characters and not repeat itself.`,
      HOW,
    );
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares in a time that does not tell how much was right. */
export const sameToken = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
