import type { AgentEvents, AgentNow } from '../../schema/agent-api.ts';
import { byId } from './dom.ts';

/** What the stream says at each sample. */
export interface LiveSample {
  /** Unix seconds. */
  readonly at: number;
  readonly now: AgentNow;
  readonly events: AgentEvents['events'];
}

/** Who is told. */
export interface LiveListener {
  /** The stream begins, or begins again: what was missed has to be asked for. */
  onHello(now: AgentNow): void;
  onSample(sample: LiveSample): void;
}

/** Time before a stream that the browser gave up is opened again, ms. */
const AGAIN_MS = 3_000;

function showState(connected: boolean): void {
  const state = byId('state');
  state.textContent = connected ? 'live' : 'connection lost, trying again';
  state.className = connected ? 'state live' : 'state lost';
}

/** Follows the agent for as long as the page is open, over restarts of the agent. */
export function follow(listener: LiveListener): void {
  const source = new EventSource('/api/v1/live');
  const data = <T>(event: MessageEvent<string>): T => JSON.parse(event.data) as T;
  source.addEventListener('hello', (event) => {
    showState(true);
    listener.onHello(data<AgentNow>(event));
  });
  source.addEventListener('sample', (event) => listener.onSample(data<LiveSample>(event)));
  source.addEventListener('error', () => {
    showState(false);
    // A refused answer ends the stream for good; a lost one the browser opens again by itself.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => follow(listener), AGAIN_MS);
  });
}
