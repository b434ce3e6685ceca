import { TscopeError, usageError } from '../../errors.ts';
import { printableLine } from '../../printable.ts';
import { readText, textName } from '../../text-file.ts';

/** The largest document, unpacked. */
const MAX_BYTES = 64 * 2 ** 20;
/** A step, a state and a list are one each; 25 times what a replay accepts, so that a refusal can name its path. */
const MAX_BRACKETS = 2_500_000;
/** Of V8's message, which quotes the text around the fault. */
const MAX_REASON = 160;

/** Opening braces and brackets; those inside strings count too. */
function countBrackets(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b || code === 0x5b) count += 1;
  }
  return count;
}

/** Line and column of the position that V8's message names; nothing where it names none. */
function place(text: string, reason: string): string {
  const position = /at position (\d+)/.exec(reason)?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: `;
}

/**
 * Reads a JSON document, packed with gzip or not.
 *
 * @param path a file, or `-` for standard input.
 * @throws TscopeError IO where it cannot be read; USAGE where it is too large, damaged or not JSON.
 */
export async function readJsonFile(path: string, cancelled: () => boolean): Promise<unknown> {
  const name = textName(path);
  const text = await readText(path, MAX_BYTES, { strict: true, cancelled });
  if (cancelled()) throw new TscopeError('INTERRUPTED', `interrupted before ${name} was read.`);
  if (countBrackets(text) > MAX_BRACKETS)
    throw usageError(`${name} holds more than ${MAX_BRACKETS} objects and arrays.`);
  if (text.trim() === '') throw usageError(`${name} is empty; give a scenario or an array of them as JSON.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = message.replace(/ (in JSON )?at position.*/, '').slice(0, MAX_REASON);
    throw usageError(`${name} is not JSON: ${place(text, message)}${printableLine(reason)}.`);
  }
}
