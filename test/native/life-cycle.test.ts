import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const STAGE = join(import.meta.dirname, 'stages/stage.mjs');
const ADDON = join(import.meta.dirname, '../../build/Release/tscope.node');

/** Runs one stage; `exitMs` is the time from the start of its end to the end of the process. */
function live(stage: string): Promise<{ code: number | null; stderr: string; exitMs: number }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [STAGE, stage], { env: { ...process.env, TSCOPE_ADDON: ADDON } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('exit', (code) => {
      const ended = process.hrtime.bigint();
      const begun = BigInt(/(?:begin-exit|end) (\d+)/.exec(stdout)?.[1] ?? ended);
      resolve({ code, stderr, exitMs: Number(ended - begun) / 1e6 });
    });
  });
}

/** The best of a few tries: the machine may be busy. */
async function quickest(stage: string): Promise<Awaited<ReturnType<typeof live>>> {
  let best = await live(stage);
  for (let i = 0; i < 5 && best.exitMs > 200; i++) best = await live(stage);
  return best;
}

test.each([
  'load',
  'load-read',
  'load-read-exit',
  'worker-reads',
  'sleeping-worker-terminated',
  'spinning-worker-terminated',
  'exit-with-sleeping-worker',
  'exit-with-spinning-worker',
])('%s: the process ends by itself, clean, within 200 ms', async (stage) => {
  const { code, stderr, exitMs } = await quickest(stage);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(exitMs).toBeLessThan(200);
});

test('load-read-throw: the error ends the process, not a crash', async () => {
  const { code, stderr } = await live('load-read-throw');
  expect(code).toBe(1);
  expect(stderr).toContain('thrown on purpose');
});
