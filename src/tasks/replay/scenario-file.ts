import { closeSync, openSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { systemCode, TscopeError, usageError } from '../../errors.ts';
import { printable } from '../../schema/issues.ts';
import { readSome } from '../record-file.ts';

/** The largest document, unpacked. */
const MAX_BYTES = 64 * 2 ** 20;
/** A step, a state and a list are one each; 25 times what a replay accepts, so that a refusal can name its path. */
const MAX_BRACKETS = 2_500_000;
const CHUNK_BYTES = 1 << 20;

const tooLarge = (name: string): TscopeError =>
  usageError(`${name} is larger than ${MAX_BYTES / 2 ** 20} MiB.`);

function readAll(descriptor: number, name: string): Buffer {
  const chunks: Buffer[] = [];
  for (let size = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = readSome(descriptor, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    size += read;
    if (size > MAX_BYTES) throw tooLarge(name);
  }
}

/** Unpacks gzip, which is known by its first two bytes, whatever the file is called. */
function unpack(bytes: Buffer, name: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    if (systemCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name);
    throw usageError(`${name} is a damaged gzip file (${systemCode(error) ?? String(error)}).`);
  }
}

/** Opening braces and brackets; those inside strings count too. */
function countBrackets(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x7b || byte === 0x5b) count += 1;
  return count;
}

function parseJson(bytes: Buffer, name: string): unknown {
  if (countBrackets(bytes) > MAX_BRACKETS) {
    throw usageError(`${name} holds more than ${MAX_BRACKETS} objects and arrays.`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usageError(`${name} is not UTF-8 text; give JSON, or JSON packed with gzip.`);
  }
  if (text.trim() === '') throw usageError(`${name} is empty; give a scenario or an array of them as JSON.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(
      `${name} is not JSON: ${place(text, reason)}${printable(reason.replace(/ (in JSON )?at position.*/, ''), 160)}.`,
    );
  }
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
export function readJsonFile(path: string): unknown {
  const name = path === '-' ? 'standard input' : path;
  let bytes: Buffer;
  try {
    const descriptor = path === '-' ? 0 : openSync(path, 'r');
    try {
      bytes = readAll(descriptor, name);
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof TscopeError) throw error;
    const code = systemCode(error) ?? String(error);
    throw new TscopeError('IO', `cannot read ${name} (${code}).`, null, { cause: error });
  }
  return parseJson(unpack(bytes, name), name);
}
