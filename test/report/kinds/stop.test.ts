import { expect, test } from 'vitest';
import { quietControl } from '../../../src/clock/control.ts';
import { stop } from '../../../src/report/kinds/stop.ts';
import { resultText } from '../../../src/report/text.ts';
import { type StopOptions, stopDefaults } from '../../../src/tasks/stop/options.ts';
import { simulateStop } from '../../../src/tasks/stop/stop.ts';
import { fixtureParts } from '../fixture.ts';

const S = 1_000_000_000n;
const simulation = { callbackNs: 79n, exitNs: 1000n };
const simulated = (changes: Partial<StopOptions>, costs = simulation) =>
  simulateStop({ ...stopDefaults, repeat: 3, simulate: costs, ...changes }, costs, quietControl);

test('a lockup says so, how far behind it still was, and marks what is projected', async () => {
  const result = simulated({
    policies: ['catch-up', 'clamp', 'skip', 'reinject'],
    periodsNs: [200_000n],
    stopsNs: [S, 60n * S],
    watchdogNs: 5_000_000n,
  });
  await expect(`${resultText(stop, result)}\n`).toMatchFileSnapshot('stop-simulated.txt');
  expect(stop.verdict(result)).toEqual({
    level: 'note',
    about: 'Long stops',
    text: 'In virtual time. Under catch-up (Linux 4.18 to 6.18, on the preemption timer) a stop of 13 s at a period of 200 us takes as long as the watchdog allows (5 ms): a hard lockup. With clamp, the fix, 1 min take 2.0 us to recover from.',
  });
});

test('a recovery that never ends is called that', async () => {
  const never = { callbackNs: 300_000n, exitNs: 1000n };
  const result = simulated(
    { policies: ['catch-up'], periodsNs: [200_000n], stopsNs: [S], watchdogNs: 50_000_000n },
    never,
  );
  expect(resultText(stop, result)).toMatch(/^catch-up +1 s +never +no end .* LOCKUP, still \d/m);
});

test('what was cut by the budget is a lockup only where it would have been one', () => {
  const { stop: whole } = fixtureParts();
  const row = whole.rows.find(({ ended }) => ended === 'budget');
  if (row === undefined) throw new Error('the fixture has no such row');
  const text = (lockup: boolean) => resultText(stop, { ...whole, rows: [{ ...row, lockup }] });
  expect(text(true)).toMatch(/ LOCKUP, projected from \d/);
  expect(text(false)).toMatch(/ projected from \d/);
  expect(text(false)).not.toContain('LOCKUP');
});

test('a recovery has an interval from 6 runs on: its runs, and on real clocks how far another stop is from them', () => {
  const { stop: whole } = fixtureParts();
  const row = whole.rows.find(({ policy }) => policy === 'clamp');
  if (row === undefined) throw new Error('the fixture has no such row');
  const recovery = { ...row.recovery, minNs: 2400, p50Ns: 3000, maxNs: 5000 };
  const cell = (runs: number, isSimulated: boolean) =>
    /^clamp +\S+ \S+ +(.*?) {2,}/m.exec(
      resultText(stop, {
        ...whole,
        simulated: isSimulated,
        rows: [{ ...row, runs, recovery, recoveryNs: 3000 }],
      }),
    )?.[1];
  expect(cell(5, false)).toBe('3.0 us');
  expect(cell(6, false)).toBe('3.0 us (2.0 to 6.0 us)');
  expect(cell(6, true)).toBe('3.0 us (2.4 to 5.0 us)');
});

test('counts are whole, however large; those of a row that was cut are projected', () => {
  const { stop: whole } = fixtureParts();
  const row = whole.rows.find(({ policy }) => policy === 'clamp');
  if (row === undefined) throw new Error('the fixture has no such row');
  const lost = (projected: typeof row.projected) =>
    resultText(stop, { ...whole, rows: [{ ...row, lostTicks: 12_959_999_999, projected }] });
  expect(lost(null)).toContain(' 12,959,999,999 ');
  expect(lost({ callbacks: 1, vmExits: 1, interrupts: 1, recoveryNs: 1 })).toContain(' ~ 13,000,000,000 ');
});

test('without a row or a threshold nothing is claimed', () => {
  const { stop: whole } = fixtureParts();
  expect(stop.verdict({ ...whole, rows: [], lockupThreshold: [] })).toEqual({
    level: 'unknown',
    about: 'Long stops',
    text: 'No stop was measured.',
  });
  expect(stop.brief({ ...whole, rows: [], lockupThreshold: [], tickCost: null })).toEqual([]);
});

test('a page shows four periods, and of more it says how many there are; a terminal shows them all', () => {
  const result = (count: number) =>
    simulated({
      policies: ['clamp'],
      periodsNs: Array.from({ length: count }, (_, i) => 200_000n * BigInt(i + 1)),
      stopsNs: [S],
    });
  const shown = (count: number) => {
    const blocks = stop.sections(result(count)).flatMap((section) => section.blocks);
    const on = (place: 'page' | 'terminal') =>
      blocks.filter((block) => 'head' in block && block.on === place).length;
    return {
      figures: blocks.filter((block) => 'draw' in block).length,
      onlyOnTerminal: on('terminal'),
      more: blocks.flatMap((block) => ('text' in block && block.text.startsWith('The first') ? [block] : [])),
    };
  };
  expect(shown(4)).toEqual({ figures: 4, onlyOnTerminal: 0, more: [] });
  expect(shown(5)).toEqual({
    figures: 4,
    onlyOnTerminal: 1,
    more: [
      {
        text: 'The first 4 of 5 periods; the JSON document has them all.',
        tone: 'faint',
        on: 'page',
      },
    ],
  });
  expect(resultText(stop, result(5)).match(/^clamp +1 s /gm)).toHaveLength(5);
});

test('the price of the clamp and the stop that locks up have the interval of the next run', async () => {
  const { stop: whole } = fixtureParts();
  const [first] = whole.lockupThreshold;
  if (first === undefined) throw new Error('the fixture has no threshold');
  const h = 3600e9;
  const atHostCost = {
    callbackNs: 79,
    callbackLowNs: 70,
    callbackHighNs: 88,
    stopNs: 7.04 * h,
    stopLowNs: 6.2 * h,
    stopHighNs: 7.9 * h,
  };
  const atKernelCost = {
    callbackNs: 110,
    callbackLowNs: 88,
    callbackHighNs: 140,
    stopNs: 5.04 * h,
    stopLowNs: 3.96 * h,
    stopHighNs: 6.31 * h,
  };
  const clampPrice = {
    native: { ns: 0.48, lowNs: 0.39, highNs: 0.57, cycles: 1.2, catchUpNs: 2, clampNs: 2.5, processes: 12 },
    model: {
      ns: 4.2,
      lowNs: 1.9,
      highNs: 6.5,
      processes: 1,
      slowProcesses: 2,
      modes: [
        { ns: 2, processes: 5 },
        { ns: 6, processes: 7 },
      ],
    },
    kernel: { value: { ns: 110, lowNs: 88, highNs: 140 } },
  };
  const result = {
    ...whole,
    rows: [],
    tickCost: null,
    lockupThreshold: [{ ...first, atHostCost, atKernelCost }],
    clampPrice,
  } as typeof whole;
  await expect(`${resultText(stop, result)}\n`).toMatchFileSnapshot('stop-price.txt');
  expect(stop.brief(result)).toEqual([
    "catch-up, 200 us: lockup (10 s) after a stop of 7.0 h (6.2 to 7.9 h) at 79 ns (70 to 88 ns) a callback (JavaScript); 5.0 h (4.0 to 6.3 h) at this kernel's 110 ns; 7.0 h at 79 ns (the crash dump)",
    'the clamp itself: +0.48 ns (+0.39 to +0.57 ns) in native code, +4.2 ns (+1.9 to +6.5 ns) in this model (95 % intervals)',
  ]);
});
