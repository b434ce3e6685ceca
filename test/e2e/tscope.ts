import { type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');

/** How one run of the built command ended. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  readonly input?: string | Buffer;
  /** Sends this after so many ms, so many times in a row. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly afterMs: number; readonly times?: number };
  readonly nodeFlags?: readonly string[];
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
    if (kill !== undefined)
      setTimeout(() => {
        for (let i = 0; i < (kill.times ?? 1); i++) setTimeout(() => child.kill(kill.signal), i * 20);
      }, kill.afterMs);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, ms: performance.now() - begun }),
    );
  });
}
