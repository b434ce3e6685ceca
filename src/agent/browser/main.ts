import type { AgentEvents, AgentNow } from '../../schema/agent-api.ts';
import { ask } from './api.ts';
import { byId } from './dom.ts';
import type { Ends } from './ends.ts';
import { renewFigures } from './plot.ts';
import { endsOf, hashOf, type Range, rangeOf, showRange, USUAL, watchRange } from './range.ts';
import { addPoint, breakAtSteps, dropBefore, joinRuns, type PairSeries } from './series.ts';
import { addStabilityFigure } from './stability-figure.ts';
import { showEvents, showNow } from './summary.ts';
import { addPairFigures, type PageView, type PairFigures } from './time-figures.ts';
import { timeText } from './words.ts';

/** How often the stability of a range that moves on is asked for, ms: it changes slowly. */
const STABILITY_MS = 30_000;
/** A hand that zooms rests after this many ms; what it did meanwhile is one step of the browser's history. */
const REST_MS = 250;
/** Time before a stream that the browser gave up is opened again, ms. */
const AGAIN_MS = 3_000;
/** What the browser's history remembers of a range that was zoomed to. */
const ZOOMED = 'zoomed';

/** What the stream says at each sample. */
interface LiveSample {
  /** Unix seconds. */
  readonly at: number;
  readonly now: AgentNow;
  readonly events: AgentEvents['events'];
}

let range: Range = rangeOf(location.hash) ?? USUAL;
/** The range to go back to. */
let moving: Range = 'last' in range ? range : USUAL;
let oldest = 0;
let ends = endsOf(range, oldest);
let now: AgentNow | null = null;
let pairs: PairSeries[] = [];
let events: AgentEvents = { from: '', to: '', events: [], truncated: false };
let stepSeconds = 1;
let loadedAt = 0;
let stabilityAt = 0;
let loading: AbortController | null = null;
const figures = new Map<string, PairFigures>();
let stability: ReturnType<typeof addStabilityFigure> | null = null;

const withoutSteps = byId<HTMLInputElement>('without-steps');

const view: PageView = {
  ends: () => ends,
  events: () => events.events,
  leavesStepsOut: () => withoutSteps.checked,
  move,
  // Only through zooms of this page: the address may have come from somebody else.
  back: () => (history.state === ZOOMED ? history.back() : choose(moving)),
};

const keyOf = ({ clock, reference }: { clock: string; reference: string }): string => `${clock} ${reference}`;

function draw(): void {
  byId('empty').hidden = pairs.length > 0;
  byId('pairs').hidden = pairs.length === 0;
  byId('steps').hidden = !events.events.some(({ kind }) => kind === 'step');
  for (const pair of pairs) {
    const known = pairs.indexOf(pair);
    const index = now?.pairs.findIndex((candidate) => keyOf(candidate) === keyOf(pair)) ?? -1;
    const figure = figures.get(keyOf(pair)) ?? addPairFigures(pair, index < 0 ? known : index, view);
    figures.set(keyOf(pair), figure);
    figure.update(pair);
  }
  if (now !== null) showNow(now, pairs, events.events);
}

const NOT_LOADED = 'The range could not be loaded';

/** Says why the range was not loaded, or that it is now: what is wrong with the reader's own range stays. */
function report(error: unknown): void {
  const problem = byId('range-problem');
  const text = error instanceof Error ? error.message : String(error);
  if (error !== null) problem.textContent = `${NOT_LOADED}: ${text}`;
  else if (problem.textContent?.startsWith(NOT_LOADED)) problem.textContent = '';
}

/** When the oldest run of this host began: before it there is nothing to draw. */
async function findOldest(signal: AbortSignal): Promise<void> {
  const { runs } = await ask('runs', {}, signal);
  const starts = runs
    .filter(({ hostname }) => hostname === now?.hostname)
    .map(({ startedAt }) => Date.parse(startedAt) / 1000);
  oldest = starts.length === 0 ? 0 : Math.min(...starts);
}

/** A range that moves on begins where there is something. */
function cutToData(next: Ends, stepLength: number): Ends {
  const first = Math.min(...pairs.map(({ at }) => at[0] ?? Number.POSITIVE_INFINITY));
  const late = Number.isFinite(first) && first - next.from > 2 * stepLength;
  byId('since').textContent =
    'last' in range && (late || next.to - next.from < range.last - 2 * stepLength)
      ? `Nothing older is stored than ${timeText(Math.floor(late ? first : next.from))}.`
      : '';
  return 'last' in range && late ? { from: first, to: next.to } : next;
}

/** Asks for everything in the range; a newer request replaces one that is still under way. */
async function load(): Promise<void> {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  loadedAt = Date.now();
  try {
    if (oldest === 0) await findOldest(signal);
    const next = endsOf(range, oldest);
    const query = { from: next.from.toFixed(3), to: next.to.toFixed(3) };
    const [samples, found] = await Promise.all([ask('samples', query, signal), ask('events', query, signal)]);
    stepSeconds = samples.stepNs / 1e9;
    pairs = joinRuns(samples);
    for (const pair of pairs) breakAtSteps(pair, found.events, stepSeconds);
    ends = cutToData(next, Math.max(stepSeconds, (now?.intervalNs ?? 0) / 1e9));
    events = found;
    report(null);
    showEvents(events);
    showRange(range, ends);
    draw();
    if (Date.now() - stabilityAt >= STABILITY_MS || !('last' in range)) await loadStability(query, signal);
  } catch (error) {
    if (!signal.aborted) report(error);
  }
}

async function loadStability(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const result = await ask('stability', query, signal);
  stabilityAt = Date.now();
  stability ??= addStabilityFigure(now?.pairs.map(({ clock }) => clock) ?? []);
  stability(result);
}

function show(next: Range): void {
  range = next;
  if ('last' in range) moving = range;
  stabilityAt = 0;
  void load();
}

function choose(next: Range): void {
  history.pushState(null, '', hashOf(next));
  show(next);
}

let rest: ReturnType<typeof setTimeout> | undefined;

/** Zooms: the axes at once, the rest when the hand rests. */
function move(next: Ends): void {
  const address = hashOf(next);
  if (rest === undefined) history.pushState(ZOOMED, '', address);
  else history.replaceState(ZOOMED, '', address);
  loading?.abort();
  range = next;
  ends = next;
  showRange(range, ends);
  for (const figure of figures.values()) figure.rescale();
  clearTimeout(rest);
  rest = setTimeout(() => {
    rest = undefined;
    show(next);
  }, REST_MS);
}

/** Adds a sample to what is drawn where a step holds one; else the range is loaded again when a step has passed. */
function append({ at, now: { pairs: sampled, intervalNs }, events: fresh }: LiveSample): void {
  const stale = Date.now() - stabilityAt >= STABILITY_MS;
  if (stepSeconds * 1e9 > intervalNs || stale) {
    if (stale || Date.now() - loadedAt >= Math.max(stepSeconds * 1000, 2_000)) void load();
    return;
  }
  ends = cutToData(endsOf(range, oldest), intervalNs / 1e9);
  for (const sample of sampled) {
    const pair = pairs.find((candidate) => keyOf(candidate) === keyOf(sample));
    if (pair === undefined) return void load();
    if (sample.offsetNs === null) continue;
    addPoint(pair, at, [sample.offsetNs, sample.offsetNs, sample.offsetNs], intervalNs / 1e9);
    breakAtSteps(pair, fresh, intervalNs / 1e9);
    dropBefore(pair, ends.from);
  }
}

function onHello(hello: AgentNow): void {
  showState(true);
  now = hello;
  showNow(now, pairs, events.events);
  show(range);
}

function onSample(sample: LiveSample): void {
  now = sample.now;
  if (!('last' in range)) {
    showNow(now, pairs, events.events);
    return;
  }
  append(sample);
  if (sample.events.length > 0) {
    events = { ...events, events: [...events.events, ...sample.events] };
    showEvents(events);
  }
  draw();
}

function showState(connected: boolean): void {
  const state = byId('state');
  state.textContent = connected ? 'live' : 'connection lost, trying again';
  state.className = connected ? 'state live' : 'state lost';
}

/** Follows the agent for as long as the page is open, over restarts of the agent. */
function follow(): void {
  const source = new EventSource('/api/v1/live');
  // The stream begins, or begins again: what was missed is asked for.
  source.addEventListener('hello', ({ data }) => onHello(JSON.parse(data) as AgentNow));
  source.addEventListener('sample', ({ data }) => onSample(JSON.parse(data) as LiveSample));
  source.addEventListener('error', () => {
    showState(false);
    // A refused answer ends the stream for good; a lost one the browser opens again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN_MS);
  });
}

follow();
watchRange(choose);
showRange(range, ends);
byId('back').addEventListener('click', () => choose(moving));
withoutSteps.addEventListener('change', draw);
window.addEventListener('popstate', () => show(rangeOf(location.hash) ?? USUAL));

for (const query of ['(prefers-color-scheme: dark)', 'print']) {
  matchMedia(query).addEventListener('change', renewFigures);
}
let width = window.innerWidth;
window.addEventListener('resize', () => {
  if (window.innerWidth === width) return;
  width = window.innerWidth;
  renewFigures();
});
