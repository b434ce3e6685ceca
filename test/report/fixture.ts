import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inputOf, ofHost, type ReportInput } from '../../src/report/input.ts';
import type { Parts } from '../../src/report/parts.ts';

export const FIXTURE = join(import.meta.dirname, 'run.json');

/** A run of a real host, as JSON: a new copy each time. */
export const fixtureDocument = (): Record<string, unknown> => JSON.parse(readFileSync(FIXTURE, 'utf8'));

/** The same, read. If this fails after a schema has changed, write-fixture.mjs writes a new one. */
export const fixture = (): ReportInput => ofHost(inputOf(fixtureDocument(), 'run.json'), 'run.json');

/** The fixture's parts, none of them missing. */
export function fixtureParts(): { [Name in Exclude<keyof Parts, 'stability'>]-?: NonNullable<Parts[Name]> } {
  const { host, calibrate, timer, drift, stop, kvm } = fixture().parts;
  if (!host || !calibrate || !timer || !drift || !stop || !kvm) throw new Error('the fixture lacks a part');
  return { host, calibrate, timer, drift, stop, kvm };
}

/** The JSON value with every string and number replaced, keys and structure kept. */
export function mapLeaves(
  value: unknown,
  replace: (leaf: string | number, key: string) => string | number,
  key = '',
): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, replace, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, mapLeaves(item, replace, name)]),
    );
  }
  return typeof value === 'string' || typeof value === 'number' ? replace(value, key) : value;
}
