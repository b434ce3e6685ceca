import { closeSync, constants, fstatSync, open, openSync, read } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { systemCode, TscopeError, usageError } from './errors.ts';
import { fileError } from './system-error.ts';

/**
 * The one reader of people's text: files, FIFOs and standard input; packed with gzip or not; UTF-8 or UTF-16, with or
 * without a byte order mark; lines that end in LF, CRLF or CR. It reads in chunks, so that memory stays bounded.
 */

/** How much of a text is accepted, and when to end. */
export interface TextLimits {
  /** The most bytes, unpacked. */
  readonly bytes?: number;
  /** Bytes that are not UTF-8 are refused; else they become U+FFFD. */
  readonly strict?: boolean;
  /** Asked between chunks, and while a FIFO has nothing to give; true ends the text where it is. */
  readonly cancelled?: () => boolean;
  /** Told how many bytes of the file, as it is stored, have been read. */
  readonly progress?: (bytes: number) => void;
}

const CHUNK_BYTES = 1 << 20;
/** How often a FIFO without data is asked again, ms. */
const POLL_MS = 10;
/** The most characters of a line: one of a log or a record has some hundreds. */
export const LINE_LENGTH = 1 << 20;

/** `path` as messages name it. */
export const textName = (path: string): string => (path === '-' ? 'standard input' : path);

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** Whether `path` names a FIFO: opened without waiting, it reads as empty until somebody writes. */
async function isNamedFifo(path: string): Promise<boolean> {
  try {
    return (await stat(await realpath(path))).isFIFO();
  } catch {
    // The path of an anonymous pipe (/dev/fd/63) leads to no name; its writer is there already.
    return false;
  }
}

/** On libuv's threads: a file system that stalls must not hold the thread that hears signals. */
const [opened, readInto] = [promisify(open), promisify(read)];

/** Opens without waiting for a FIFO's writer. Standard input is opened again, so that its reads do not block either. */
async function openText(path: string): Promise<number> {
  if (path !== '-') return opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return 0;
  }
}

/** The bytes of a file, as they come. */
async function* byteChunks(
  path: string,
  { cancelled = () => false, progress }: TextLimits,
): AsyncGenerator<Uint8Array> {
  // Standard input that was redirected from a file goes on where its descriptor stands, so that one is read itself.
  const redirected = path === '-' && fstatSync(0).isFile();
  const descriptor = redirected ? 0 : await openText(path);
  let waiting = path !== '-' && (await isNamedFifo(path));
  let done = 0;
  try {
    while (!cancelled()) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      let size = 0;
      try {
        size = (await readInto(descriptor, buffer, 0, CHUNK_BYTES, null)).bytesRead;
        if (size === 0 && !waiting) return;
      } catch (error) {
        if (systemCode(error) !== 'EAGAIN') throw error;
        waiting = false;
      }
      if (size > 0) {
        waiting = false;
        done += size;
        progress?.(done);
        yield buffer.subarray(0, size);
      } else await pause();
    }
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes);
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (error instanceof TscopeError || systemCode(error)?.startsWith('Z_') !== true) throw error;
    throw usageError(`${name} is a damaged gzip file (${systemCode(error)}).`, 'Test it with `gzip -t`.');
  } finally {
    source.destroy();
  }
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** The first `count` bytes or more, as far as there are any, and the rest. */
async function peeked(
  bytes: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ head: Uint8Array; all: AsyncGenerator<Uint8Array> }> {
  const rest = bytes[Symbol.asyncIterator]();
  let head = new Uint8Array();
  while (head.length < count) {
    const next = await rest.next();
    if (next.done === true) break;
    head = head.length === 0 ? Uint8Array.from(next.value) : Uint8Array.from([...head, ...next.value]);
  }
  return { head, all: startingWith(head, rest) };
}

/** The encoding that the first bytes show: by a byte order mark, or by the zeros beside every ASCII character. */
function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [a, b, c, d] = head;
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (head.length < 4) return 'utf-8';
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return 'utf-16le';
  if (a === 0 && b !== 0 && c === 0 && d !== 0) return 'utf-16be';
  return 'utf-8';
}

/**
 * A text in chunks, unpacked and decoded, without its byte order mark; line ends as they are.
 *
 * @param path a file, or `-` for standard input.
 * @throws TscopeError IO where it cannot be read; USAGE where it is larger than `limits.bytes`, a damaged gzip file or,
 * under `strict`, not UTF-8.
 */
export async function* textChunks(path: string, limits: TextLimits = {}): AsyncGenerator<string> {
  const name = textName(path);
  const { bytes = Number.POSITIVE_INFINITY, strict = false } = limits;
  try {
    let source = await peeked(byteChunks(path, limits), 4);
    if (source.head[0] === 0x1f && source.head[1] === 0x8b)
      source = await peeked(unpacked(source.all, name), 4);
    const encoding = encodingOf(source.head);
    const decoder = new TextDecoder(encoding, { fatal: strict });
    const decoded = (chunk?: Uint8Array): string => {
      try {
        return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
      } catch {
        throw usageError(`${name} is not ${encoding.toUpperCase()} text.`, 'Save it as UTF-8.');
      }
    };
    let size = 0;
    for await (const chunk of source.all) {
      size += chunk.length;
      if (size > bytes) throw usageError(`${name} is larger than ${bytes / 2 ** 20} MiB.`);
      yield decoded(chunk);
    }
    const rest = decoded();
    if (rest !== '') yield rest;
  } catch (error) {
    throw error instanceof TscopeError ? error : fileError(`cannot read ${name}`, error);
  }
}

/**
 * The lines of a text in batches, without their ends.
 *
 * @throws TscopeError as `textChunks`; USAGE for a line that is longer than LINE_LENGTH.
 */
export async function* textLines(path: string, limits: TextLimits = {}): AsyncGenerator<string[]> {
  let rest = '';
  let count = 0;
  const checked = (line: string) => {
    if (line.length <= LINE_LENGTH) return;
    throw usageError(
      `${textName(path)}: line ${count + 1} is longer than ${LINE_LENGTH} characters.`,
      'Is it a text file with one reading a line?',
    );
  };
  for await (const chunk of textChunks(path, limits)) {
    const text = rest + chunk;
    // A CR at the end may be half of a CRLF.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const whole = text.includes('\r') ? text.slice(0, end).replace(/\r\n?/g, '\n') : text;
    const lines = whole.split('\n');
    rest = (lines.pop() ?? '') + text.slice(end);
    for (const line of lines) {
      checked(line);
      count += 1;
    }
    checked(rest);
    yield lines;
  }
  if (rest.endsWith('\r')) rest = rest.slice(0, -1);
  if (rest !== '') yield [rest];
}

/**
 * A whole text.
 *
 * @param mostBytes the most that is accepted, unpacked.
 * @throws TscopeError as `textChunks`.
 */
export async function readText(path: string, mostBytes: number, limits: TextLimits = {}): Promise<string> {
  let text = '';
  for await (const chunk of textChunks(path, { ...limits, bytes: mostBytes })) text += chunk;
  return text;
}
