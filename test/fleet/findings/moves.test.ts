import { describe, expect, test } from 'vitest';
import { random } from '../../../scripts/bench/fleet/simulated-fleet.mjs';
import {
  type HourlyRates,
  LEAST_CHANGE,
  LEAST_SITE,
  type Move,
  moves,
  offSince,
} from '../../../src/fleet/findings/moves.ts';

const WEEK = 168;
const DAY = 24;

/** Crystals with a temperature of their own and of their site, and noise from the reference's network. */
function quietSite(seed: number, site: string, size: number, hours = WEEK): HourlyRates[] {
  const { uniform, normal } = random(seed);
  return Array.from({ length: size }, (_, i) => {
    const crystal = 5e-6 * normal();
    const temperature = 0.2e-6 * (0.5 + uniform());
    const noise = 5e-9 * (0.5 + uniform());
    let wander = 0;
    const rates = Float32Array.from({ length: hours }, (_, hour) => {
      wander += 1e-9 * normal();
      return crystal + temperature * Math.sin((2 * Math.PI * hour) / DAY) + wander + noise * normal();
    });
    return { host: i, site, rates };
  });
}

const changed = (host: HourlyRates, from: number, by: number): HourlyRates => ({
  ...host,
  rates: host.rates.map((rate, hour) => (hour >= from ? rate + by : rate)),
});
const brief = ({ host, site, hour }: Move) => ({ host, site, hour });

describe('moves', () => {
  test('a quiet fleet of 1,000 hosts at five sites has none in a week', () => {
    const fleet = ['ber', 'fra', 'iad', 'sin', 'gru'].flatMap((site, i) => quietSite(i + 1, site, 200));
    expect(moves(fleet)).toEqual([]);
  });

  test('one host whose rate changes is named, with the hour and the size', () => {
    const fleet = quietSite(11, 'ber', 40);
    fleet[7] = changed(fleet[7] as HourlyRates, 100, 0.5e-6);
    const found = moves(fleet);
    expect(found.map(brief)).toEqual([{ host: 7, site: 'ber', hour: 100 }]);
    expect(found[0]?.change).toBeCloseTo(0.5e-6, 7);
  });

  test('where all hosts of a site move alike, the reference moved and no host did', () => {
    const fleet = [...quietSite(12, 'ber', 40), ...quietSite(13, 'fra', 40)].map((host) =>
      host.site === 'fra' ? changed(host, 60, 0.4e-6) : host,
    );
    const found = moves(fleet);
    expect(found.map(brief)).toEqual([{ host: null, site: 'fra', hour: 60 }]);
    expect(found[0]?.change).toBeCloseTo(0.4e-6, 7);
  });

  test('a host that did not move with its site is the one that is named beside it', () => {
    const fleet = quietSite(14, 'ber', 40).map((host, i) => (i === 3 ? host : changed(host, 60, 0.6e-6)));
    expect(moves(fleet).map(brief)).toEqual([
      { host: null, site: 'ber', hour: 60 },
      { host: 3, site: 'ber', hour: 60 },
    ]);
  });

  test('one wild hour, as a clock step leaves it, is no change of a rate', () => {
    const fleet = quietSite(15, 'ber', 20);
    fleet[0]?.rates.fill(5e-4, 50, 51);
    expect(moves(fleet)).toEqual([]);
  });

  test('gaps break nothing, and a change across a gap of one hour is found', () => {
    const fleet = quietSite(16, 'ber', 20).map((host) => ({
      ...host,
      rates: host.rates.fill(Number.NaN, 80, 81),
    }));
    fleet[2] = changed(fleet[2] as HourlyRates, 81, 1e-6);
    expect(moves(fleet).map(({ host }) => host)).toEqual([2]);
  });

  test.each([
    [LEAST_SITE, null],
    [LEAST_SITE - 1, 'hosts'],
  ])('a site of %i hosts that move together', (size, expected) => {
    const found = moves(quietSite(17, 'lab', size).map((host) => changed(host, 90, 1e-6)));
    if (expected === null) expect(found.map(brief)).toEqual([{ host: null, site: 'lab', hour: 90 }]);
    else expect(found.map(({ host }) => host)).toHaveLength(size);
  });

  test('no hosts, no hours, a host of gaps: nothing', () => {
    expect(moves([])).toEqual([]);
    expect(moves([{ host: 1, site: 's', rates: new Float32Array() }])).toEqual([]);
    expect(moves([{ host: 1, site: 's', rates: new Float32Array(40).fill(Number.NaN) }])).toEqual([]);
  });
});

describe('since when a host is off', () => {
  const middles = new Float32Array(6);
  test.each([
    [[0, 0, 3, 3, 3, 3], 2],
    [[3, 0, 3, Number.NaN, 3, 3], 2],
    [[3, 3, 3, 3, 3, 3], 0],
    [[3, 3, 3, 3, 3, 0], null],
    [[0, 3, 3, 3, 3, Number.NaN], 1],
    [[0, 0, 0, 0, 1, 1.001], 5],
  ])('%j', (rates, since) => {
    expect(offSince(Float32Array.from(rates), middles, 1)).toBe(since);
  });
});

test.each([
  [1.05, 1],
  [0.95, 0],
])('%f times the least change, of a host without any noise: %i moves', (times, count) => {
  const quiet = Array.from(
    { length: 10 },
    (_, i): HourlyRates => ({
      host: i,
      site: 's',
      rates: new Float32Array(60).fill(i * 1e-6),
    }),
  );
  quiet[0] = changed(quiet[0] as HourlyRates, 30, times * LEAST_CHANGE);
  expect(moves(quiet)).toHaveLength(count);
});
