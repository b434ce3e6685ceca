import { cpu, osInfo, system } from 'systeminformation';
import { runThread } from '../thread.ts';

/** What systeminformation says, as it says it. */
export interface ReportedNames {
  readonly machine: string;
  readonly os: string;
  readonly vendor: string;
  readonly brand: string;
  readonly family: string;
  readonly model: string;
  readonly stepping: string;
  readonly guest: string;
  readonly hypervisor: string;
}

const joined = (...words: readonly unknown[]): string => words.filter(Boolean).join(' ');

await runThread(async (): Promise<ReportedNames> => {
  const [processor, os, machine] = await Promise.all([cpu(), osInfo(), system()]);
  return {
    machine: joined(machine.manufacturer, machine.model),
    os: joined(os.distro, os.release),
    vendor: joined(processor.vendor),
    brand: joined(processor.manufacturer, processor.brand),
    family: joined(processor.family),
    model: joined(processor.model),
    stepping: joined(processor.stepping),
    guest: joined(machine.virtual === undefined ? null : String(machine.virtual)),
    hypervisor: joined(machine.virtualHost),
  };
});
