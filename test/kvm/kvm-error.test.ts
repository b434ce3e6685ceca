import { expect, test } from 'vitest';
import { exitCodeOf, TscopeError, usageError } from '../../src/errors.ts';
import { deathError, kvmError, missedError, slowError, stuckError } from '../../src/kvm/kvm-error.ts';

/** What the addon throws for a step that the kernel refused. */
const refusal = (syscall: string, code: string): Error =>
  Object.assign(new Error(`${syscall}: refused`), { syscall, code, errno: 1 });

const sentence = (error: unknown): string => {
  expect(error).toBeInstanceOf(TscopeError);
  if (!(error instanceof TscopeError)) throw error;
  expect(exitCodeOf(error)).toBe(3);
  expect(error.message).toMatch(/^[A-Z/].*\.$/);
  expect(error.hint).toContain('`tscope stop`');
  return error.message;
};

test.each([
  ['open /dev/kvm', 'ENOENT', 'There is no /dev/kvm'],
  ['open /dev/kvm', 'EACCES', 'This user may not open /dev/kvm'],
  ['open /dev/kvm', 'EMFILE', 'open /dev/kvm failed with EMFILE'],
  ['KVM_GET_API_VERSION', 'ENOSYS', 'does not speak the stable KVM interface'],
  ['KVM_CREATE_VM', 'EBUSY', 'another hypervisor holds the CPU'],
  ['KVM_CREATE_IRQCHIP', 'ENOTTY', 'no in-kernel local APIC'],
  ['KVM_CAP_IMMEDIATE_EXIT', 'ENOSYS', 'older than Linux 4.13'],
  ['KVM_SET_SREGS', 'EINVAL', 'no x2APIC'],
  ['tgkill', 'EPERM', 'the signal that makes it leave KVM_RUN is refused'],
  ['KVM_SET_USER_MEMORY_REGION', 'ENOMEM', 'KVM_SET_USER_MEMORY_REGION failed with ENOMEM'],
])('%s, %s: one sentence, exit 3, and what still works', (syscall, code, text) => {
  expect(sentence(kvmError(refusal(syscall, code)))).toContain(text);
});

test('a guest that the kernel ends, keeps, or starves is told from one another', () => {
  expect(sentence(deathError({ errno: 0, exitReason: 8, detail: 0 }))).toContain(
    'it shut down (triple fault)',
  );
  expect(sentence(deathError({ errno: 0, exitReason: 17, detail: 1 }))).toContain(
    'could not emulate it (KVM_EXIT 17, detail 1)',
  );
  expect(sentence(deathError({ errno: 14, exitReason: 0, detail: 0 }))).toContain(
    'KVM_RUN failed with errno 14',
  );
  expect(sentence(slowError(3, 500, 6))).toContain('3 of 500 timer interrupts in 6.0 s');
  expect(sentence(stuckError(2))).toContain('within 2 s');
  expect(sentence(missedError())).toBe('SIGSTOP met the vCPU outside the guest each time.');
});

test('other errors pass unchanged', () => {
  for (const error of [usageError('--divide'), new TypeError('a defect'), refusal('', '')]) {
    if (error instanceof TscopeError || error instanceof TypeError) expect(kvmError(error)).toBe(error);
  }
});
