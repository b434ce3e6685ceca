import type { AgentResult } from '../../schema/agent.ts';
import { formatCount, formatNs } from '../../units.ts';
import { textTable } from './table.ts';

/** What `tscope agent --check` says, or what an agent did before it was stopped. */
export function agentText({ file, settings, plan, ran }: AgentResult): string {
  if (ran !== null) {
    const lost = ran.notStored > 0 ? `; ${formatCount(ran.notStored)} could not be stored` : '';
    return `Ran for ${formatNs(ran.durationNs)} at http://${ran.address}/: ${formatCount(ran.samples)} samples, ${formatCount(ran.events)} events${lost}.`;
  }
  const rows = Object.entries(settings).map(([name, { value, origin }]) => [name, value ?? 'off', origin]);
  const source = file === null ? 'No configuration file.' : `Configuration file: ${file}`;
  return [source, '', textTable(['setting', 'value', 'from'], rows), '', ...plan].join('\n');
}
