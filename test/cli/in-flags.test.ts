import { expect, test } from 'vitest';
import { inFlags } from '../../src/cli/in-flags.ts';
import { usageError } from '../../src/errors.ts';

const flags = [
  { long: '--period', attributeName: () => 'period' },
  { long: '--yes-really', attributeName: () => 'yesReally' },
];

test('fields become the flags of the command, with and without their unit; other words stay', () => {
  const error = usageError(
    '`periodNs`: 1ns is too short.',
    'Add `yesReally`, see `tscope host` and `otherNs`.',
  );
  expect(inFlags(error, flags)).toMatchObject({
    code: 'USAGE',
    message: '--period: 1ns is too short.',
    hint: 'Add --yes-really, see `tscope host` and `otherNs`.',
  });
});

test('what is not ours stays as it is', () => {
  const error = new Error('`periodNs`');
  expect(inFlags(error, flags)).toBe(error);
});
