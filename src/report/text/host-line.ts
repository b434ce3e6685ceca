import type { HostSummary } from '../../schema/host.ts';

/** Which host it was, in one line. */
export function hostLine(host: HostSummary): string {
  const parts = [
    host.hostname,
    host.cpu ?? 'unknown CPU',
    `${host.cpus} CPUs`,
    `Linux ${host.kernel}`,
    `clocksource ${host.clocksource ?? 'unknown'}`,
    host.virtualization === 'none' ? 'bare metal' : (host.virtualization ?? 'virtualization unknown'),
  ];
  return `Host: ${parts.join(', ')}`;
}
