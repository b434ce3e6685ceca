import { systemCode, TscopeError } from '../errors.ts';
import type { NativeGuest } from '../native.ts';

const STILL_WORKS = '`tscope stop` shows what each kernel would do, without a guest.';

const unsupported = (message: string, hint: string, cause?: unknown): TscopeError =>
  new TscopeError('UNSUPPORTED', message, `${hint} ${STILL_WORKS}`, { cause });

/** What a refused step means. */
interface Reason {
  readonly step: string;
  /** The errors that mean it; any, where left out. */
  readonly codes?: readonly string[];
  readonly message: string;
  readonly hint: string;
}

const REASONS: readonly Reason[] = [
  {
    step: 'open /dev/kvm',
    codes: ['ENOENT', 'ENODEV', 'ENXIO'],
    message: 'There is no /dev/kvm: KVM is not loaded, or this machine may not run guests.',
    hint: 'Load kvm_intel or kvm_amd; inside a virtual machine, its host must allow nested guests.',
  },
  {
    step: 'open /dev/kvm',
    codes: ['EACCES', 'EPERM'],
    message: 'This user may not open /dev/kvm.',
    hint: 'Join the group that owns it (often kvm), or run as root; a container needs --device /dev/kvm.',
  },
  {
    step: 'KVM_GET_API_VERSION',
    message: '/dev/kvm does not speak the stable KVM interface (version 12).',
    hint: 'Check what /dev/kvm is.',
  },
  {
    step: 'KVM_CREATE_VM',
    codes: ['EBUSY', 'ENODEV'],
    message:
      'KVM cannot create a guest: another hypervisor holds the CPU, or virtualization is off in the firmware.',
    hint: 'Stop the other hypervisor (VirtualBox, VMware), or turn virtualization on.',
  },
  {
    step: 'KVM_CREATE_IRQCHIP',
    message: 'This KVM has no in-kernel local APIC, whose timer is what is measured.',
    hint: 'Use a kernel with the in-kernel interrupt controller.',
  },
  {
    step: 'KVM_CAP_IMMEDIATE_EXIT',
    message: 'This KVM is older than Linux 4.13: a running guest could not be stopped safely.',
    hint: 'Use a newer kernel.',
  },
  {
    step: 'KVM_SET_SREGS',
    message: 'This KVM gives its guests no x2APIC.',
    hint: 'Use a kernel that offers it.',
  },
  {
    step: 'tgkill',
    message: 'A guest could not be stopped: the signal that makes it leave KVM_RUN is refused (tgkill).',
    hint: 'Let the filter of system calls allow it (seccomp, SystemCallFilter=).',
  },
];

/** The sentence for a step of the guest's life that the kernel refused; anything else comes back as it is. */
export function kvmError(error: unknown): unknown {
  const code = systemCode(error);
  const step = error instanceof Error ? (error as NodeJS.ErrnoException).syscall : undefined;
  if (error instanceof TscopeError || code === null || step === undefined) return error;
  const reason = REASONS.find((one) => one.step === step && (one.codes?.includes(code) ?? true));
  if (reason !== undefined) return unsupported(reason.message, reason.hint, error);
  return unsupported(
    `KVM refused a guest: ${step} failed with ${code}.`,
    'Check `dmesg` for KVM messages and the memory and file limits of this process.',
    error,
  );
}

/** KVM_EXIT_* that end a guest, by number. */
const EXITS: Readonly<Record<number, string>> = {
  8: 'it shut down (triple fault)',
  9: 'the CPU refused to enter it',
  17: 'KVM could not emulate it',
};

/** Why a guest that died cannot be measured. */
export function deathError(death: NonNullable<ReturnType<NativeGuest['death']>>): TscopeError {
  const why =
    death.exitReason === 0
      ? `KVM_RUN failed with errno ${death.errno}`
      : `${EXITS[death.exitReason] ?? 'an exit that it never makes'} (KVM_EXIT ${death.exitReason}, detail ${death.detail})`;
  return unsupported(`KVM ended the guest: ${why}.`, 'Check `dmesg` for KVM messages.');
}

/** A guest that reports hardly any interrupts: emulated too slowly, or not scheduled. */
export const slowError = (got: number, wanted: number, seconds: number): TscopeError =>
  unsupported(
    `The guest took ${got} of ${wanted} timer interrupts in ${seconds.toFixed(1)} s: too slow to measure.`,
    'Give a longer `periodNs`, or run on a quieter host; nested guests can be slow.',
  );

/** A vCPU that KVM keeps, whatever signal it is sent. */
export const stuckError = (seconds: number): TscopeError =>
  unsupported(`KVM did not let the guest go within ${seconds} s.`, 'Check `dmesg` for KVM messages.');

/** A stop by SIGSTOP whose moment of resume is not known. */
export const missedError = (): TscopeError =>
  unsupported('SIGSTOP met the vCPU outside the guest each time.', 'Run it again on a quieter host.');

/** Interrupts that came faster than this process was given time to take them in. */
export const lostError = (count: number): TscopeError =>
  unsupported(
    `${count} records of the guest were lost: this process did not run for seconds.`,
    'Run it on a less busy host, or give a longer `periodNs`.',
  );
