import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode, TscopeError } from '../../errors.ts';
import { firstIssue } from '../../schema/issues.ts';
import type { TimerResult } from '../../schema/timer.ts';
import { Histogram } from '../histogram.ts';
import type { QuietOptions } from '../quiet-thread.ts';
import { latenessOf, spreadOf } from './lateness.ts';

type Cyclictest = NonNullable<TimerResult['cyclictest']>;

/** cyclictest counts each ns of lateness up to here; a wake-up later than that is known to be later, no more. */
const HISTOGRAM_NS = 2_000_000;

/** What cyclictest is to do: as the timer beside it. */
interface CyclictestOptions {
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
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    throw new TscopeError('IO', 'cyclictest wrote something that is not JSON.');
  }
  const parsed = output.safeParse(written);
  if (!parsed.success) {
    const what = firstIssue(parsed.error, written);
    throw new TscopeError('IO', `cyclictest wrote what this tscope cannot read (${what}).`);
  }
  const { histogram, cycles, max } = parsed.data.thread['0'];
  const lateness = new Histogram();
  let counted = 0;
  for (const [ns, count] of Object.entries(histogram)) {
    counted += count;
    if (count > 0) lateness.record(Number(ns), count);
  }
  // What overflowed is only known to be late; the latest of all is known exactly.
  const overflowed = cycles - counted;
  if (overflowed > 1) lateness.record(HISTOGRAM_NS, overflowed - 1);
  if (overflowed > 0) lateness.record(max);
  return {
    version: parsed.data['rt_test_version:'] ?? null,
    ticks: cycles,
    latenessNs: latenessOf(lateness),
    histogram: spreadOf(lateness),
  };
}

type Scheduling = 'fifo' | 'other';

/**
 * Its flags: one thread that sleeps until absolute times, at the same place and priority. With neither policy nor
 * priority, and with any --priority, even 0, it would take SCHED_FIFO, where the timer beside it is an ordinary thread.
 */
function flagsOf(
  { periodNs, durationNs, quiet }: CyclictestOptions,
  scheduling: Scheduling,
  file: string,
): string[] {
  return [
    ...['--quiet', '--nsecs', '--threads=1'],
    ...(scheduling === 'fifo' ? ['--mlockall', `--priority=${quiet.priority}`] : ['--policy=other']),
    ...(quiet.cpu === null ? [] : [`--affinity=${quiet.cpu}`]),
    `--interval=${periodNs / 1000n}`,
    `--loops=${durationNs / periodNs}`,
    `--histogram=${HISTOGRAM_NS}`,
    `--json=${file}`,
  ];
}

/** How it ended: 0, or another code and its own words. */
async function runOnce(
  options: CyclictestOptions,
  scheduling: Scheduling,
  file: string,
  signal: AbortSignal,
  command: string,
): Promise<{ readonly code: number; readonly words: string }> {
  // Its stdout is the whole histogram once more, a line for each ns.
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
  const child = spawn(command, flagsOf(options, scheduling, file), { stdio, signal });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(0, 1000);
  });
  const [code] = await once(child, 'close');
  return { code, words: complaint.trim().replaceAll(/\s+/g, ' ') };
}

/** What it says where real-time scheduling or locked memory is refused. */
const REFUSED = /permitted|scheduling policy|realtime|setscheduler|mlockall/i;

/**
 * Runs cyclictest, the yardstick of wake-up latency, and reads what it found. Where SCHED_FIFO is refused, it runs as the
 * ordinary thread that the timer beside it then is too.
 *
 * @param command another program, for tests.
 * @returns null where `signal` aborted first.
 * @throws TscopeError UNSUPPORTED where it is not installed or not allowed to run; IO where it failed, in its own words.
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
    let scheduling: Scheduling = options.quiet.priority > 0 ? 'fifo' : 'other';
    let { code, words } = await runOnce(options, scheduling, file, signal, command);
    if (code !== 0 && scheduling === 'fifo' && REFUSED.test(words)) {
      scheduling = 'other';
      ({ code, words } = await runOnce(options, scheduling, file, signal, command));
    }
    if (code === 0) return { ...parseCyclictest(readFileSync(file, 'utf8')), scheduling };
    if (REFUSED.test(words)) {
      throw new TscopeError(
        'UNSUPPORTED',
        `cyclictest cannot run here: it wants the right to SCHED_FIFO even as an ordinary thread (it said: ${words}).`,
        'Run as root, or grant it CAP_SYS_NICE, an rtprio limit or a real-time budget of the cgroup (cpu.rt_runtime_us); `tscope timer` without `cyclictest` needs none of them.',
      );
    }
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
