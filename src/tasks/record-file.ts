import { closeSync, openSync, readSync } from 'node:fs';
import { systemCode, TscopeError, usageError } from '../errors.ts';

const CHUNK_BYTES = 1 << 20;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const GAP = /^[+-]?nan$/i;
const ACCEPTED = 'Give one number a line; `nan` is a gap, and `#` starts a comment.';

/** Reads what is there, also from a pipe that has nothing yet. 0 at the end. */
export function readSome(descriptor: number, buffer: Uint8Array): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return readSync(descriptor, buffer, 0, buffer.length, null);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}

/** `text` short enough for a message, without control characters. */
const quoted = (text: string): string => {
  const plain = text.replace(/\p{C}/gu, '?');
  return `'${plain.length > 40 ? `${plain.slice(0, 40)}...` : plain}'`;
};

/** Why a line is no number. */
function complaint(text: string): string {
  const columns = text.split(/[\s,;]+/).filter((column) => NUMBER.test(column)).length;
  if (columns > 1) return `has ${columns} columns: ${quoted(text)}`;
  return NUMBER.test(text) ? `is too large: ${quoted(text)}` : `is not a number: ${quoted(text)}`;
}

/** The numbers of a text, added chunk by chunk. */
class RecordText {
  #values = new Float64Array(1 << 16);
  #length = 0;
  #line = 0;
  #rest = '';
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  end(): Float64Array {
    this.#take(this.#rest);
    return this.#values.slice(0, this.#length);
  }

  #take(line: string): void {
    this.#line += 1;
    const comment = line.indexOf('#');
    const text = (comment < 0 ? line : line.slice(0, comment)).trim();
    if (text === '') return;
    const value = GAP.test(text) ? Number.NaN : Number(text);
    if (!GAP.test(text) && !(NUMBER.test(text) && Number.isFinite(value))) {
      throw usageError(`${this.#name}: line ${this.#line} ${complaint(text)}.`, ACCEPTED);
    }
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }
}

function readNumbers(descriptor: number, name: string): Float64Array {
  const buffer = new Uint8Array(CHUNK_BYTES);
  const decoder = new TextDecoder();
  const record = new RecordText(name);
  for (let first = true; ; first = false) {
    const size = readSome(descriptor, buffer);
    if (
      first &&
      size >= 2 &&
      (buffer[0] === 0xff || buffer[0] === 0xfe) &&
      (buffer[0] ^ (buffer[1] ?? 0)) === 1
    ) {
      throw usageError(`${name} is UTF-16 text.`, 'Save it as UTF-8 or plain ASCII.');
    }
    if (size === 0) return record.end();
    record.add(decoder.decode(buffer.subarray(0, size), { stream: true }));
  }
}

/**
 * Reads a text file with one number a line: `#` starts a comment, on a line of its own or after the number; blank lines,
 * Windows line ends and a byte order mark do not matter; `nan` is a gap.
 *
 * @param path a file, or `-` for standard input.
 * @throws TscopeError USAGE naming the first bad line; IO where the file cannot be read.
 */
export function readRecordFile(path: string): Float64Array {
  const name = path === '-' ? 'standard input' : path;
  try {
    const descriptor = path === '-' ? 0 : openSync(path, 'r');
    try {
      return readNumbers(descriptor, name);
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof TscopeError) throw error;
    throw new TscopeError('IO', `cannot read ${name} (${systemCode(error) ?? String(error)}).`, null, {
      cause: error,
    });
  }
}
