import { expect, test } from 'vitest';
import { type KernelFinding, kernels } from '../../../src/fleet/findings/kernels.ts';

const finding = (
  kernel: string,
  fix: KernelFinding['fix'],
  lockupNs: number | null = null,
  path = 'hrtimer',
): KernelFinding => ({ kernel, path, fix, lockupNs });

test('kernels that would catch up come first, with the shortest stop that locks a host up', () => {
  expect(
    kernels([
      finding('6.18.44', 'clamps', 2e13),
      finding('6.1.10', 'catches-up', 3e13, 'preemption-timer'),
      finding('6.1.10', 'catches-up', 1e13, 'preemption-timer'),
      finding('6.1.10', 'untested'),
      finding('6.18.44', 'untested'),
    ]),
  ).toEqual([
    {
      kernel: '6.1.10',
      path: 'preemption-timer',
      hosts: 2,
      clamps: 0,
      catchesUp: 2,
      untested: 0,
      lockupNs: { shortest: 1e13, median: 2e13 },
    },
    { kernel: '6.1.10', path: 'hrtimer', hosts: 1, clamps: 0, catchesUp: 0, untested: 1, lockupNs: null },
    { kernel: '6.18.44', path: 'hrtimer', hosts: 2, clamps: 1, catchesUp: 0, untested: 1, lockupNs: null },
  ]);
});
