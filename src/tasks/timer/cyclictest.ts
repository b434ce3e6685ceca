import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode, TscopeError } from '../../errors.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { Histogram } from '../histogram.ts';
import type { QuietOptions } from '../quiet-thread.ts';
import { latenessOf, spreadOf } from './lateness.ts';

type Cyclictest = NonNullable<TimerResult['cyclictest']>;

/** cyclictest counts each ns of lateness up to here; a wake-up later than that is known to be later, no more. */
const HISTOGRAM_NS = 2_000_000;

/** What cyclictest is to do: as the timer beside it. */
export interface CyclictestOptions {
  /** Whole microseconds. */
  readonly periodNs: bigint;
  readonly durationNs: bigint;
  readonly quiet: QuietOptions;
}

/** What cyclictest --json writes, as far as it is read here; its own keys end with a colon now and then. */
const output = z.object({
  'rt_test_version:': z.string().optional(),
  thread: z.object({
    '0': z.object({
      histogram: z.record(z.string().regex(/^\d+$/), z.number().int().nonnegative()),
      cycles: z.number().int().nonnegative(),
      max: z.number(),
    }),
  }),
});

/**
 * Reads the JSON of cyclictest -N --json.
 *
 * @throws TscopeError IO where it is anything else.
 */
export function parseCyclictest(text: string): Cyclictest {
  let parsed: ReturnType<typeof output.safeParse>;
  try {
    parsed = output.safeParse(JSON.parse(text));
  } catch {
    throw new TscopeError('IO', 'cyclictest wrote something that is no JSON.');
  }
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' };
    throw new TscopeError(
      'IO',
      `cyclictest wrote what this tscope cannot read (${path.join('.')}: ${message}).`,
    );
  }
  const { histogram, cycles, max } = parsed.data.thread['0'];
  const lateness = new Histogram();
  let counted = 0;
  for (const [ns, count] of Object.entries(histogram)) {
    counted += count;
    for (let i = 0; i < count; i++) lateness.record(Number(ns));
  }
  // What overflowed is only known to be late; the latest of all is known exactly.
  for (let i = counted; i < cycles; i++) lateness.record(i === cycles - 1 ? max : HISTOGRAM_NS);
  return {
    version: parsed.data['rt_test_version:'] ?? null,
    ticks: cycles,
    latenessNs: latenessOf(lateness),
    histogram: spreadOf(lateness),
  };
}

/** Its flags: one thread that sleeps until absolute times, memory locked, at the same place and priority. */
function flagsOf({ periodNs, durationNs, quiet }: CyclictestOptions, file: string): string[] {
  return [
    ...['--quiet', '--mlockall', '--nsecs', '--threads=1', `--priority=${quiet.priority}`],
    ...(quiet.cpu === null ? [] : [`--affinity=${quiet.cpu}`]),
    `--interval=${periodNs / 1000n}`,
    `--loops=${durationNs / periodNs}`,
    `--histogram=${HISTOGRAM_NS}`,
    `--json=${file}`,
  ];
}

/**
 * Runs cyclictest, the yardstick of wake-up latency, and reads what it found.
 *
 * @param command another program, for tests.
 * @returns null where `signal` aborted first.
 * @throws TscopeError UNSUPPORTED where it is not installed; IO where it failed, with its own words.
 */
export async function runCyclictest(
  options: CyclictestOptions,
  signal: AbortSignal,
  command = 'cyclictest',
): Promise<Cyclictest | null> {
  if (signal.aborted) return null;
  const folder = mkdtempSync(join(tmpdir(), 'tscope-cyclictest-'));
  const file = join(folder, 'cyclictest.json');
  try {
    // Its stdout is the whole histogram once more, a line for each ns.
    const child = spawn(command, flagsOf(options, file), { stdio: ['ignore', 'ignore', 'pipe'], signal });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = `${complaint}${text}`.slice(0, 1000);
    });
    const [code] = await once(child, 'close');
    if (code === 0) return parseCyclictest(readFileSync(file, 'utf8'));
    const words = complaint.trim().replaceAll(/\s+/g, ' ');
    throw new TscopeError('IO', `cyclictest ended with code ${code}${words === '' ? '.' : `: ${words}`}`);
  } catch (error) {
    if (signal.aborted) return null;
    if (systemCode(error) === 'ENOENT') {
      throw new TscopeError(
        'UNSUPPORTED',
        'cyclictest is not installed, or not in PATH.',
        'On Debian: apt-get install rt-tests. Everything else of `tscope timer` works without it.',
      );
    }
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
