import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const STAGE = join(import.meta.dirname, 'stages/terminated.mjs');
const { calls, guestCalls } = (await import(STAGE)) as Record<'calls' | 'guestCalls', object>;

/** How the process ends that terminates a dozen workers in the middle of `call`. */
const endOf = (call: string): Promise<unknown> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [STAGE, call]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });

const CLEAN = { code: 0, signal: null, stderr: '' };

test.each(Object.keys(calls))('a worker that is terminated in %s ends alone', async (call) => {
  expect(await endOf(call)).toEqual(CLEAN);
});

function kvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

test.runIf(kvm()).each(Object.keys(guestCalls))('with a guest: %s', async (call) => {
  expect(await endOf(call)).toEqual(CLEAN);
});
