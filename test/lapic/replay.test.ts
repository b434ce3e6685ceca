import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/lapic/replay.ts';
import { parseScenarios } from '../../src/tasks/replay/parse-scenarios.ts';
import { scenarios } from './arbitraries.ts';
import { referenceReplay } from './reference.ts';

const file = new URL('../vectors/replay-public.json.gz', import.meta.url);
const vectors = parseScenarios(JSON.parse(gunzipSync(readFileSync(file)).toString()), 'vectors');

describe('states that the real kernel functions produced', () => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const { timer, states } = replay(vector);
    expect({ mult: timer.scale.mult, shift: timer.scale.shift }).toEqual(vector.scale);
    expect(states).toEqual(vector.expect);
  });
});

test('any scenario of the kernel policies gives the states of the plain reference', () => {
  fc.assert(
    fc.property(scenarios(['independent', 'catch-up', 'clamp']), (scenario) => {
      expect(replay(scenario).states).toEqual(referenceReplay(scenario));
    }),
    { numRuns: 500 },
  );
});

test('the reference itself agrees with the kernel', () => {
  expect(vectors.length).toBeGreaterThan(40);
  for (const vector of vectors) expect(referenceReplay(vector)).toEqual(vector.expect);
});

test('a second run of any scenario gives the same states, under every policy', () => {
  fc.assert(
    fc.property(scenarios(), (scenario) => {
      expect(replay(scenario).states).toEqual(replay(scenario).states);
    }),
  );
});
