import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { random } from '../../../scripts/bench/fleet/simulated-fleet.mjs';
import {
  FLEET_FALSE_ALARM_RATIO,
  LEAST_PEERS,
  type PeerFigure,
  standings,
} from '../../../src/fleet/findings/outliers.ts';
import { peersOf } from '../../../src/fleet/findings/peers.ts';

/** Crystals of a make: normal, 2 ppm; groups of several sizes. */
function quietFleet(seed: number, sizes: readonly number[]): PeerFigure[] {
  const { normal } = random(seed);
  return sizes.flatMap((size, group) =>
    Array.from({ length: size }, (_, i) => ({
      host: 1000 * group + i,
      peers: `make ${group}`,
      value: group * 1e-6 + 2e-6 * normal(),
      standardError: 1e-9,
    })),
  );
}

describe('outliers', () => {
  test('of 300 quiet fleets of 200 hosts, no more than the promised share has one', () => {
    const sizes = [LEAST_PEERS, 12, 30, 150];
    let alarms = 0;
    for (let seed = 0; seed < 300; seed++) {
      if (standings(quietFleet(seed, sizes)).some(({ outlier }) => outlier)) alarms += 1;
    }
    expect(alarms).toBeLessThanOrEqual(3 * 300 * FLEET_FALSE_ALARM_RATIO);
  });

  test('a quiet fleet of a thousand has none', () => {
    expect(standings(quietFleet(1, [1000])).filter(({ outlier }) => outlier)).toEqual([]);
  });

  test('one crystal 25 ppm off among a thousand leads the list, with its distance from its peers', () => {
    const fleet = quietFleet(2, [700, 300]);
    fleet[800] = { host: -1, peers: 'make 1', value: 26e-6, standardError: 1e-9 };
    const [first, second] = standings(fleet);
    expect(first).toMatchObject({ host: -1, size: 300, outlier: true });
    expect(first?.score).toBeGreaterThan(10);
    expect(first?.middle).toBeCloseTo(1e-6, 6);
    expect(second?.outlier).toBe(false);
  });

  test('a tenth of the hosts off does not hide itself', () => {
    const fleet = quietFleet(3, [200]).map((one, i) => (i < 20 ? { ...one, value: 50e-6 } : one));
    expect(standings(fleet).filter(({ outlier }) => outlier)).toHaveLength(20);
  });

  test('what is off by no more than its own error is no outlier', () => {
    const fleet = quietFleet(4, [100]);
    fleet[0] = { host: -1, peers: 'make 0', value: 30e-6, standardError: 20e-6 };
    expect(standings(fleet).some(({ outlier }) => outlier)).toBe(false);
  });

  test('a group too small to have a spread is not judged, and stands at the end', () => {
    const fleet = quietFleet(5, [LEAST_PEERS, LEAST_PEERS - 1]);
    const found = standings(fleet);
    expect(
      found.slice(0, LEAST_PEERS).every(({ peers, score }) => peers === 'make 0' && score !== null),
    ).toBe(true);
    expect(found.slice(LEAST_PEERS).map(({ score, outlier }) => ({ score, outlier }))).toEqual(
      Array(LEAST_PEERS - 1).fill({ score: null, outlier: false }),
    );
  });

  test('hosts that are all alike to the last bit have a spread of 0, and one that differs is off', () => {
    const alike = Array.from({ length: 20 }, (_, i) => ({
      host: i,
      peers: 'vm',
      value: 0,
      standardError: 0,
    }));
    expect(standings(alike).every(({ score, outlier }) => score === 0 && !outlier)).toBe(true);
    const [first] = standings([...alike, { host: -1, peers: 'vm', value: 1e-9, standardError: 0 }]);
    expect(first).toMatchObject({ host: -1, score: Number.POSITIVE_INFINITY, outlier: true });
  });

  test('units and signs change no score', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), fc.boolean(), (unit, flip) => {
        const fleet = quietFleet(6, [40]);
        const by = flip ? -unit : unit;
        const other = fleet.map((one) => ({
          ...one,
          value: one.value * by,
          standardError: one.standardError * unit,
        }));
        const scores = (of: readonly PeerFigure[]) =>
          new Map(standings(of).map(({ host, score }) => [host, score]));
        for (const [host, score] of scores(other))
          expect(score).toBeCloseTo(scores(fleet).get(host) ?? -1, 6);
      }),
      { numRuns: 20 },
    );
  });
});

describe('peers', () => {
  const host = { cpuModel: 'EPYC 9B14', nominalHz: 2_600_000_123, labels: { site: 'ber' } };

  test('CPU model, nominal rate to a MHz, and the labels that are asked for', () => {
    expect(peersOf(host)).toBe('EPYC 9B14, 2600 MHz');
    expect(peersOf(host, ['site', 'rack'])).toBe('EPYC 9B14, 2600 MHz, site=ber, rack=');
    expect(peersOf({ ...host, cpuModel: null, nominalHz: null })).toBe('unknown CPU');
    expect(peersOf({ ...host, nominalHz: 2_600_499_999 })).toBe(peersOf(host));
    expect(peersOf({ ...host, nominalHz: 2_600_500_000 })).not.toBe(peersOf(host));
  });
});
