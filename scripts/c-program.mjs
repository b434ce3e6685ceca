import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Compiles a C program that answers each line it is sent with a line of numbers, and runs it while `use` works.
 *
 * @param use receives a function that sends a line and gives the numbers of the answer.
 */
export async function withC(source, use) {
  const folder = mkdtempSync(join(tmpdir(), 'tscope-bench-'));
  try {
    const program = join(folder, 'program');
    execFileSync('gcc', ['-O2', '-o', program, source, '-lm']);
    const child = spawn(program);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      return await use(async (line = '') => {
        child.stdin.write(`${line}\n`);
        return (await lines.next()).value.split(' ').map(Number);
      });
    } finally {
      child.stdin.end();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
