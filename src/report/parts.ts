import type { MeasureResult, Part } from '../schema/measure.ts';
import type { StabilityResult } from '../schema/stability.ts';
import type { Kind } from './content.ts';
import { calibrate } from './kinds/calibrate.ts';
import { drift } from './kinds/drift.ts';
import { host } from './kinds/host.ts';
import { kvm } from './kinds/kvm.ts';
import { stability } from './kinds/stability.ts';
import { stop } from './kinds/stop.ts';
import { timer } from './kinds/timer.ts';
import { wrap } from './words.ts';

type Results = { readonly [Name in Part]: NonNullable<MeasureResult[Name]> } & {
  readonly stability: StabilityResult;
};
type PartName = keyof Results;

/** What a report may show: the parts of a run, or that of a single command. What is absent was not measured. */
export type Parts = { readonly [Name in PartName]?: Results[Name] | null };

/** The parts that were measured. */
export const partNames = (parts: Parts): string[] =>
  Object.entries(parts).flatMap(([name, result]) => (result === null || result === undefined ? [] : [name]));

/** Every kind of part, first the one that answers the question people come with. */
const KINDS: { readonly [Name in PartName]: Kind<Results[Name]> } = {
  kvm,
  stop,
  timer,
  calibrate,
  drift,
  host,
  stability,
};

const ofEach = <Said>(
  names: readonly PartName[],
  parts: Parts,
  say: <Result>(kind: Kind<Result>, result: Result) => Said,
): Said[] => {
  const one = <Name extends PartName>(name: Name): Said[] => {
    const result: Results[Name] | null = parts[name] ?? null;
    return result === null ? [] : [say<Results[Name]>(KINDS[name], result)];
  };
  return names.flatMap((name) => one(name));
};

/** What `say` has to say of each part that was measured. */
export const mapParts = <Said>(
  parts: Parts,
  say: <Result>(kind: Kind<Result>, result: Result) => Said,
): Said[] => ofEach(Object.keys(KINDS) as PartName[], parts, say);

/** Where the lines of a part begin, and how long they may be: fit for a mail. */
const INDENT = 8;
const WIDTH = 104;

/** A part: its name, then its lines under one another, continued lines indented. */
const paragraph = (name: string, lines: readonly string[]): string =>
  lines
    .flatMap((line) => wrap(line, WIDTH - INDENT - 2).map((rest, i) => (i === 0 ? rest : `  ${rest}`)))
    .map((line, i) => `${(i === 0 ? name : '').padEnd(INDENT)}${line}`)
    .join('\n');

const NAMES = { calibrate: 'TSC', timer: 'Timer', drift: 'Drift', stop: 'Stop', kvm: 'KVM' } as const;

/** The run for people, to be pasted into a mail: a paragraph for each part, in the order in which they ran. */
export function measureText({ skipped, quick: _, ...parts }: MeasureResult): string {
  const measured = (Object.keys(NAMES) as Array<keyof typeof NAMES>).flatMap((name) =>
    ofEach([name], parts, (kind, result) => paragraph(NAMES[name], kind.brief(result))),
  );
  const missing = skipped.map(({ part, reason }) => paragraph('Skipped', [`${part}: ${reason}`]));
  return [...measured, ...missing].join('\n\n');
}
