import { cpu, osInfo, system } from 'systeminformation';
import { runThread } from '../thread.ts';

/** What systeminformation says, as it says it, by the name of the fact that was read directly. */
export type ReportedNames = Readonly<Record<string, string>>;

const joined = (...words: readonly unknown[]): string => words.filter(Boolean).join(' ');

await runThread(async (): Promise<ReportedNames> => {
  const [processor, os, machine] = await Promise.all([cpu(), osInfo(), system()]);
  return {
    machine: joined(machine.manufacturer, machine.model),
    os: joined(os.distro, os.release),
    'cpu.vendor': joined(processor.vendor),
    'cpu.brand': joined(processor.manufacturer, processor.brand),
    'cpu.family': joined(processor.family),
    'cpu.model': joined(processor.model),
    'cpu.stepping': joined(processor.stepping),
    'virtualization.guest': joined(machine.virtual === undefined ? null : String(machine.virtual)),
    'virtualization.hypervisor': joined(machine.virtualHost),
  };
});
