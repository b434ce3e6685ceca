import { expect, test } from 'vitest';
import { inputOf } from '../../src/report/input.ts';
import { fixtureDocument, fixtureParts } from './fixture.ts';

const envelope = () => {
  const { tool, startedAt, host, warnings } = fixtureDocument();
  return { tool, startedAt, host, warnings };
};

test('a run gives all of its parts', () => {
  const { parts, skipped, host } = inputOf(fixtureDocument(), 'run.json');
  expect(Object.keys(parts).sort()).toEqual(['calibrate', 'drift', 'host', 'kvm', 'stop', 'timer']);
  expect(skipped).toEqual([]);
  expect(host?.hostname).not.toBe('');
});

test.each(Object.entries(fixtureParts()))('a document of %s gives that part', (kind, result) => {
  const { parts } = inputOf({ schema: `tscope/${kind}/1`, ...envelope(), result }, 'x.json');
  expect(parts).toEqual({ [kind]: result });
});

test.each([
  [null, 'not a document of tscope'],
  [[], 'not a document of tscope'],
  [{ schema: 'other/host/1' }, 'not a document of tscope'],
  [{ schema: 'tscope/measure/2' }, 'version 2'],
  [{ schema: 'tscope/replay/1' }, 'document of tscope replay; give a document of tscope measure, host'],
  [{ schema: 'tscope/constructor/1' }, 'tscope constructor'],
  [{ schema: 'tscope/timer/1' }, 'not what its schema says (tool is missing)'],
])('%j is refused in a sentence', (value, words) => {
  expect(() => inputOf(value, 'x.json')).toThrow(words);
  expect(() => inputOf(value, 'x.json')).toThrow('x.json');
});

test('the first field that is wrong is named', () => {
  const document = fixtureDocument();
  const { calibrate } = fixtureParts();
  const result = { ...(document['result'] as object), calibrate: { ...calibrate, tscHz: 'fast' } };
  expect(() => inputOf({ ...document, result }, 'x.json')).toThrow(
    'result.calibrate.tscHz: "fast" is not a number',
  );
});

test.each([
  ['calibrate', ['standardErrorRatio']],
  ['drift', ['pairs', 0, 'rateStandardError']],
] as const)('a negative standard error of %s is refused', (kind, path) => {
  const given = (value: number) => {
    const result = structuredClone(fixtureParts()[kind]) as object;
    const parent = path.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key) as object, result);
    Reflect.set(parent, path.at(-1) ?? '', value);
    return inputOf({ schema: `tscope/${kind}/1`, ...envelope(), result }, 'x.json');
  };
  expect(() => given(0)).not.toThrow();
  expect(() => given(-1e-300)).toThrow(/tandardError(Ratio)?: -1e-300 is less than 0\)/);
});
