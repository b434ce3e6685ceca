import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { agreementOf, predict } from '../../src/kvm/model.ts';
import type { KvmResult, KvmStop } from '../../src/kvm/result.ts';
import type { StopRecord } from '../../src/kvm/stop-record.ts';
import { burstOf, conclude, findingOf, pathAmong, pathOfAll } from '../../src/kvm/verdict.ts';
import { kvmResultSchema } from '../../src/schema/kvm.ts';

// Whole documents of `tscope kvm` on Debian's 6.1 kernel in Bochs (scripts/emulated-intel): KVM's modules as shipped,
// and with the clamp taken out.
const document = (name: string): KvmResult =>
  kvmResultSchema.parse(
    JSON.parse(
      gunzipSync(
        readFileSync(join(import.meta.dirname, `../vectors/emulated-intel-${name}.json.gz`)),
      ).toString(),
    ).result,
  ) as KvmResult;
const fixed = document('fixed');
const unfixed = document('unfixed');
const host = { preemptionTimer: true, source: 'on' };

/** A document lists the interrupts after the resume; those before it were on the grid, as late as `running` says. */
function recordOf({ running }: KvmResult, stop: KvmStop): StopRecord {
  const { periodNs, stopNs, missedTicks, resumePhaseNs, loop } = stop;
  const ticks = 100;
  const start = -(resumePhaseNs + (missedTicks + ticks) * periodNs);
  const late = running?.latenessNs.meanNs ?? 0;
  const before = Array.from({ length: ticks }, (_, i) => start + (i + 1) * periodNs + late);
  return {
    loop,
    stop: stop.stop,
    periodNs,
    divide: 1,
    startNs: [start, start],
    leftNs: -stopNs,
    deliveriesNs: [...before.filter((ns) => ns < -stopNs), ...stop.deliveriesNs],
    counts: stop.counts,
    saved: null,
    restoredNs: null,
    cpu: null,
    activity: null,
  };
}

const spinning = (result: KvmResult): StopRecord => {
  if (result.resume === null) throw new Error('no stop');
  return recordOf(result, result.resume);
};

const judge = (trace: StopRecord) =>
  conclude(findingOf(trace), pathAmong(trace, pathOfAll([trace], host), host).path, true, trace.periodNs);

test('the kernel as shipped clamps; its spinning guest takes two interrupts at the resume, so one tick less is lost', () => {
  const trace = spinning(fixed);
  expect(judge(trace).verdict).toBe('clamps');
  expect(findingOf(trace)).toMatchObject({ interruptsFirstPeriod: 2, missedTicks: 1000, lostTicks: 998 });
});

test('without the clamp it catches up: the burst, how long it was, and what a callback cost', () => {
  const trace = spinning(unfixed);
  const { verdict, explanation } = judge(trace);
  expect(verdict).toBe('catches-up');
  expect(explanation).toMatch(/a burst of about 1,004 callbacks, 4\.33 ms long, 4\.31 us each\.$/);
  // The kernel's own trace has 1,003 of them in one hard interrupt.
  const burst = burstOf(findingOf(trace), 'preemption-timer', trace.periodNs);
  expect(Math.abs((burst?.callbacks ?? 0) - 1003)).toBeLessThanOrEqual(3);
});

test('at the cost that was measured, the model has the first interrupt where it came, not at 80.8 us', () => {
  const trace = spinning(unfixed);
  const first = (callbackNs?: number) =>
    predict(trace, 'catch-up', 'preemption-timer', 200_000, callbackNs).deliveriesNs[0] ?? 0;
  expect(first()).toBeLessThan(100_000);
  const measured = burstOf(findingOf(trace), 'preemption-timer', trace.periodNs)?.callbackNs;
  expect(Math.abs(first(measured) - 4_328_325)).toBeLessThan(50_000);
});

test("each kernel's own policy predicts its interrupts, the other does not", () => {
  for (const [result, own, other] of [
    [fixed, 'clamp', 'catch-up'],
    [unfixed, 'catch-up', 'clamp'],
  ] as const) {
    const trace = spinning(result);
    const agrees = (policy: 'clamp' | 'catch-up') =>
      agreementOf(trace, predict(trace, policy, 'preemption-timer', 200_000).deliveriesNs).agrees;
    expect([agrees(own), agrees(other)]).toEqual([true, false]);
  }
});

test('a guest whose own count went on had fallen back to the software timer: its stop proves nothing', () => {
  const halting = spinning(unfixed);
  const counts = halting.counts.map((count, i) => ({
    ...count,
    remainingNs: [644_110, 465_910, 264_165][i] ?? 0,
  }));
  const fallenBack = { ...halting, counts };
  const all = pathOfAll([halting, fallenBack], host);
  expect(all.path).toBe('preemption-timer');
  expect(pathAmong(fallenBack, all, host).path).toBe('hrtimer');
  const { verdict } = conclude(
    findingOf(fallenBack),
    pathAmong(fallenBack, all, host).path,
    true,
    fallenBack.periodNs,
  );
  expect(verdict).toBe('inconclusive');
  // One whose timer could not be watched goes by the others.
  expect(pathAmong({ ...halting, counts: [] }, all, host)).toBe(all);
});
