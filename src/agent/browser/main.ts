import type { AgentEvents, AgentNow } from '../../schema/agent-api.ts';
import { ask } from './api.ts';
import { byId } from './dom.ts';
import { follow, type LiveSample } from './live.ts';
import { endsOf, hashOf, type Range, rangeOf, showRange, watchRange } from './range.ts';
import { addPoint, dropBefore, joinRuns, type PairSeries } from './series.ts';
import { addStabilityFigure } from './stability-figure.ts';
import { showEvents, showNow } from './summary.ts';
import { addPairFigures, type PageView, type PairFigures } from './time-figures.ts';

/** How often the stability is asked for, ms: it changes slowly. */
const STABILITY_MS = 30_000;

let range: Range = rangeOf(location.hash) ?? { last: 3600 };
let ends = endsOf(range);
let now: AgentNow | null = null;
let pairs: PairSeries[] = [];
let events: AgentEvents = { from: '', to: '', events: [], truncated: false };
let stepSeconds = 1;
let loadedAt = 0;
let stabilityAt = 0;
let loading: AbortController | null = null;
const figures = new Map<string, PairFigures>();
let stability: ReturnType<typeof addStabilityFigure> | null = null;

const view: PageView = {
  ends: () => ends,
  events: () => events.events,
  zoom: (from, to) => choose({ from, to }),
};

const keyOf = ({ clock, reference }: { clock: string; reference: string }): string => `${clock} ${reference}`;

function draw(): void {
  for (const pair of pairs) {
    const known = pairs.indexOf(pair);
    const index = now?.pairs.findIndex((candidate) => keyOf(candidate) === keyOf(pair)) ?? -1;
    const figure = figures.get(keyOf(pair)) ?? addPairFigures(pair, index < 0 ? known : index, view);
    figures.set(keyOf(pair), figure);
    figure.update(pair);
  }
  if (now !== null) showNow(now, pairs);
}

const report = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error);
  byId('range-problem').textContent = `The range could not be loaded: ${text}`;
};

/** Asks for everything in the range; a newer request replaces one that is still under way. */
async function load(): Promise<void> {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  loadedAt = Date.now();
  const next = endsOf(range);
  const query = { from: next.from.toFixed(3), to: next.to.toFixed(3) };
  try {
    const [samples, found] = await Promise.all([ask('samples', query, signal), ask('events', query, signal)]);
    ends = next;
    stepSeconds = samples.stepNs / 1e9;
    pairs = joinRuns(samples, (now?.intervalNs ?? 0) / 1e9);
    events = found;
    byId('range-problem').textContent = '';
    byId('empty').hidden = pairs.length > 0;
    showEvents(events);
    draw();
  } catch (error) {
    if (!signal.aborted) report(error);
  }
}

async function loadStability(): Promise<void> {
  stabilityAt = Date.now();
  try {
    const result = await ask('stability');
    stability ??= addStabilityFigure(result.pairs.map(({ clock }) => clock));
    stability.update(result);
  } catch {
    // The stream says whether the agent is there; the next round tries again.
  }
}

function choose(next: Range): void {
  range = next;
  history.replaceState(null, '', hashOf(range));
  showRange(range);
  void load();
}

/** Adds a sample to what is drawn where a step holds one; else the range is loaded again when a step has passed. */
function append({ at, now: { pairs: sampled, intervalNs } }: LiveSample): void {
  if (stepSeconds * 1e9 > intervalNs) {
    if (Date.now() - loadedAt >= Math.max(stepSeconds * 1000, 2_000)) void load();
    return;
  }
  ends = endsOf(range);
  for (const sample of sampled) {
    const pair = pairs.find((candidate) => keyOf(candidate) === keyOf(sample));
    if (pair === undefined) return void load();
    if (sample.offsetNs === null) continue;
    addPoint(pair, at, [sample.offsetNs, sample.offsetNs, sample.offsetNs], intervalNs / 1e9);
    dropBefore(pair, ends.from);
  }
}

follow({
  onHello: (hello) => {
    now = hello;
    showNow(now, pairs);
    void load();
    void loadStability();
  },
  onSample: (sample) => {
    now = sample.now;
    if ('last' in range) {
      append(sample);
      if (sample.events.length > 0) {
        events = { ...events, events: [...events.events, ...sample.events] };
        showEvents(events);
      }
      draw();
    } else showNow(now, pairs);
    if (Date.now() - stabilityAt >= STABILITY_MS) void loadStability();
  },
});
watchRange(choose);
showRange(range);
window.addEventListener('hashchange', () => {
  const asked = rangeOf(location.hash);
  if (asked !== null) choose(asked);
});

function renew(): void {
  for (const figure of figures.values()) figure.renew();
  stability?.renew();
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', renew);
let width = window.innerWidth;
window.addEventListener('resize', () => {
  if (window.innerWidth === width) return;
  width = window.innerWidth;
  renew();
});
