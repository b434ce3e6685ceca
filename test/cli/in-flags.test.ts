import { expect, test } from 'vitest';
import { errorInFlags, warningInFlags } from '../../src/cli/in-flags.ts';
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
  expect(errorInFlags(error, flags)).toMatchObject({
    code: 'USAGE',
    message: '--period: 1ns is too short.',
    hint: 'Add --yes-really, see `tscope host` and `otherNs`.',
  });
});

test('what is not ours stays as it is', () => {
  const error = new Error('`periodNs`');
  expect(errorInFlags(error, flags)).toBe(error);
});

test('warnings too', () => {
  const warning = { code: 'busy', message: 'It was busy.', hint: 'Give `cpu` or a longer `periodNs`.' };
  expect(warningInFlags(warning, flags)).toEqual({ ...warning, hint: 'Give `cpu` or a longer --period.' });
});
