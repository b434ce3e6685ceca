import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';

/** The built command. */
export const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

/** How one run of the built command ended. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A signal for a run, this many times in a row, this many ms after a sign of it. */
export interface Kill {
  readonly signal: NodeJS.Signals;
  /** The process listens for signals, or one of its threads sleeps between samples; its start where left out. */
  readonly once?: 'listening' | 'sampling';
  readonly afterMs: number;
  readonly times?: number;
}

export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  readonly input?: string | Buffer;
  readonly kill?: Kill;
  readonly nodeFlags?: readonly string[];
}

/** Node itself catches the others; SIGHUP is caught from when the command listens, and is the last that it asks for. */
const listens = (pid: number): boolean => {
  const caught = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) === 1n;
};

const samples = (pid: number): boolean =>
  listens(pid) &&
  readdirSync(`/proc/${pid}/task`).some((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/wchan`, 'utf8').includes('nanosleep'),
  );

const SIGNS = { listening: listens, sampling: samples } as const;

/** However slow the machine is, so that a test does not depend on how long a command takes to begin. */
async function sendWhenDue(child: ChildProcess, { signal, once, afterMs, times = 1 }: Kill): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    while (once !== undefined && child.exitCode === null && !SIGNS[once](pid)) await sleep(20);
  } catch {
    // The process or a thread of it ended under the look.
    if (child.exitCode === null) return sendWhenDue(child, { signal, ...(once && { once }), afterMs, times });
  }
  await sleep(afterMs);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < times; i++) {
    child.kill(signal);
    // Blocks: a busy event loop would spread them over more than the half second in which they are one Ctrl-C.
    if (i + 1 < times) Atomics.wait(pause, 0, 0, 20);
  }
}

/** Runs the built command to its end. */
export function tscope(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { input, kill, nodeFlags = [], ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(process.execPath, [...nodeFlags, MAIN, ...args], { ...spawnOptions, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    // A command that ends without reading its input is no fault of the test.
    child.stdin.on('error', () => {}).end(input);
    if (kill !== undefined) void sendWhenDue(child, kill);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, ms: performance.now() - begun }),
    );
  });
}

/** What a user sees of a mistake: one sentence that holds `words`, a hint perhaps, never a stack trace. */
export function expectRefused({ code, stdout, stderr }: Run, ...words: string[]): void {
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).toMatch(/^tscope: .+\n( {2}.+\n)?$/);
}

/** What the shipped schema has against a document, by a validator that has never seen tscope; null for nothing. */
export function validate(document: { schema: string }): unknown {
  const kind = /^tscope\/(.+)\/1$/.exec(document.schema)?.[1];
  const file = join(import.meta.dirname, `../../schema/${kind}.json`);
  const ajv = new Ajv2020({ formats: { 'date-time': true } });
  const valid = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  return valid(document) ? null : valid.errors;
}
