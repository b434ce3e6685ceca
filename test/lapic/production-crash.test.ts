// A Windows guest, stopped for 55.8 days on a host with a 4.18-based kernel. The scenario's expectations are the
// crash dump's own numbers.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { replay } from '../../src/lapic/replay.ts';
import { nsecToCycles } from '../../src/lapic/time-scale.ts';
import { parseScenarios } from '../../src/tasks/replay/parse-scenarios.ts';

const file = new URL('../scenarios/production-crash.json', import.meta.url);
const [resume, dump, fixed] = parseScenarios(JSON.parse(readFileSync(file, 'utf8')), 'production-crash.json');
if (resume === undefined || dump === undefined || fixed === undefined)
  throw new Error('three scenarios expected');

const DAY = 86_400_000_000_000n;
const DUMPED_AT = 37_219_008_123_141_068n;

test.each([resume, dump, fixed])('$name', (scenario) => {
  const { timer, states } = replay(scenario);
  expect({ mult: timer.scale.mult, shift: timer.scale.shift }).toEqual(scenario.scale);
  scenario.expect?.forEach((expected, step) => {
    expect(states[step]).toMatchObject(expected);
  });
});

test('the dump: the lag, the wrapped deadline, and what is still owed', () => {
  const { timer } = replay({ ...dump, steps: dump.steps.slice(0, 4) });
  const lag = DUMPED_AT - timer.targetExpiration;
  expect(Number(lag) / Number(DAY)).toBeCloseTo(51.9, 1);
  expect(nsecToCycles(timer.scale, -lag)).toBe(10_112_081_292_049_876_435n);
  expect(timer.tscdeadline).toBe(10_135_384_616_424_110_808n);
  expect(timer.hvTimerInUse).toBe(false);
  const owed = lag / timer.period;
  // At the 79 ns that each of the first 193 million took.
  expect(Number(owed) * 79e-9).toBeCloseTo(204, 0);
});

test('193 million callbacks lie between the resume and the dump', () => {
  const { timer } = replay({ ...resume, steps: resume.steps.slice(0, 4) });
  const callbacks = (32_733_273_709_929_306n - timer.targetExpiration) / timer.period;
  expect(Number(callbacks) / 1e6).toBeCloseTo(193, 3);
  expect(Number(DUMPED_AT - (resume.steps[3]?.ktime ?? 0n)) / Number(callbacks)).toBeCloseTo(79, 0);
});
