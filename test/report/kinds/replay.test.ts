import { expect, test } from 'vitest';
import { replayText } from '../../../src/report/kinds/replay.ts';
import type { Difference, ReplayResult } from '../../../src/schema/replay.ts';

type Scenario = ReplayResult['scenarios'][number];
type State = Scenario['states'][number];

const state = {
  mode: 'periodic',
  period: '1000000',
  targetExpiration: '2000000',
  tscDeadline: '5200000',
  hvTimerInUse: false,
  hvDeadlineTsc: null,
  hrtimerExpires: '2000000',
  pending: 1,
  irqs: 3,
  value: null,
  warnings: 0,
} as unknown as State;
const scenario = (name: string, ...states: State[]) =>
  ({ name, scale: { mult: 10, shift: 2 }, states }) as unknown as Scenario;
const result = (scenarios: Scenario[], more: Partial<ReplayResult> = {}) =>
  ({ scenarios, compared: 0, differences: [], ...more }) as unknown as ReplayResult;
const difference = (step: number | null): Difference =>
  ({
    scenario: 0,
    name: 'a\nb',
    step,
    field: 'pending',
    expected: 'x\ty',
    actual: 1,
  }) as unknown as Difference;

test('states, one a line: on which timer, when it fires, and what was read', () => {
  const states = [
    state,
    { ...state, hvTimerInUse: true, hvDeadlineTsc: '5200001', hrtimerExpires: null, value: 7 },
    { ...state, hrtimerExpires: null, warnings: 1 },
  ] as State[];
  expect(replayText(result([scenario('a\n name', ...states), scenario('b', state)]))).toBe(
    [
      'a name: mult 10, shift 2',
      'step  mode       period   target  tscdeadline  backend  fires at  pending  irqs  tmcct',
      '   0  periodic  1000000  2000000      5200000  sw        2000000        1     3      -',
      '   1  periodic  1000000  2000000      5200000  hv        5200001        1     3      7',
      '   2  periodic  1000000  2000000      5200000  -               -        1     3      -  WARN',
      '',
      'b: mult 10, shift 2',
      'step  mode       period   target  tscdeadline  backend  fires at  pending  irqs  tmcct',
      '   0  periodic  1000000  2000000      5200000  sw        2000000        1     3      -',
      '',
      '2 scenarios, 4 steps.',
    ].join('\n'),
  );
});

test('more than 500 states are for programs', () => {
  const text = (count: number) => replayText(result([scenario('a', ...Array(count).fill(state))]));
  expect(text(500)).toMatch(/^a: mult/);
  expect(text(501)).toBe('1 scenario, 501 steps.\nToo many to print; the JSON document has every state.');
});

test('compared, only what differs is told, up to twenty', () => {
  const many = scenario('a', ...Array(501).fill(state));
  expect(replayText(result([many], { compared: 501 }))).toBe(
    '1 scenario, 501 steps.\nEvery one of 501 states is as expected.',
  );
  expect(
    replayText(
      result([scenario('a', state)], { compared: 1, differences: [difference(4), difference(null)] }),
    ),
  ).toBe(
    [
      '1 scenario, 1 step.',
      '2 differences in 1 state:',
      '  scenarios[0] a b, step 4, pending: expected x y, got 1',
      '  scenarios[0] a b, pending: expected x y, got 1',
    ].join('\n'),
  );
  // A scenario whose states are fewer than those expected compares none.
  expect(replayText(result([scenario('a')], { differences: [difference(null)] }))).toContain(
    '1 difference in 0 states:',
  );
  const lines = (count: number) =>
    replayText(
      result([scenario('a', state)], { compared: 1, differences: Array(count).fill(difference(1)) }),
    ).split('\n');
  expect(lines(20)).toHaveLength(22);
  expect(lines(22)).toHaveLength(23);
  expect(lines(22).at(-1)).toBe('  and 2 more; the JSON document lists them all.');
});
