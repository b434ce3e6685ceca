import { about, count } from '../../digits.ts';
import type { AgentResult } from '../../schema/agent.ts';
import { tableText } from '../text.ts';
import { plural } from '../words.ts';

/** What `tscope agent --check` says, or what an agent did before it ended. */
export function agentText({ file, settings, plan, ran }: AgentResult): string {
  if (ran !== null) {
    const lost = ran.notStored > 0 ? `; ${count(ran.notStored)} could not be stored` : '';
    return `Ran for ${about(ran.durationNs)} at http://${ran.address}/: ${plural(ran.samples, 'sample')}, ${plural(ran.events, 'event')}${lost}.`;
  }
  const rows = Object.entries(settings).map(([name, { value, origin }]) => [
    name,
    value === null ? 'off' : value || 'none',
    origin,
  ]);
  const source = file === null ? 'No configuration file.' : `Configuration file: ${file}`;
  return [source, '', tableText({ head: ['setting', 'value', 'from'], rows }), '', ...plan].join('\n');
}
