import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareCpus } from '../../../src/tsc/cpus/compare.ts';
import {
  boundOffset,
  type Exchange,
  type Exchanger,
  hostExchanger,
  parseCpuList,
  survey,
} from '../../../src/tsc/cpus/survey.ts';
import { cpuWarnings } from '../../../src/tsc/warnings.ts';
import { seeded } from '../scripted-host.ts';

/** Rounds between this CPU and one whose TSC is `offset` ahead; each way takes 100 to 200 ticks. */
function rounds(offset: number, count: number, start = 1_000_000n, seed = 1): BigInt64Array {
  const random = seeded(seed);
  const rows = new BigInt64Array(count * 3);
  let now = start;
  const pass = () => {
    now += BigInt(100 + Math.floor(random() * 100));
    return now;
  };
  for (let i = 0; i < rows.length; i += 3) {
    rows[i] = pass();
    rows[i + 1] = pass() + BigInt(offset);
    rows[i + 2] = pass();
  }
  return rows;
}

test('the true offset is inside the bounds, and the bounds are no wider than one exchange', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -10_000_000, max: 10_000_000 }),
      fc.integer({ min: 1, max: 200 }),
      (offset, count) => {
        const exchange = boundOffset(rounds(offset, count));
        if (exchange === null) return false;
        return exchange.low <= offset && exchange.high >= offset && exchange.high - exchange.low <= 400;
      },
    ),
  );
});

test('a warp is a later reading that is lower, in either direction', () => {
  expect(boundOffset(rounds(0, 100))?.warps).toBe(0);
  expect(boundOffset(rounds(-1000, 100))?.warps).toBe(100);
  expect(boundOffset(rounds(1000, 100))?.warps).toBe(100);
});

test('no rounds say nothing', () => {
  expect(boundOffset(new BigInt64Array(0))).toBeNull();
});

const exchanger = (exchange: Exchanger['exchange'], allowed = [0, 2], online = [0, 1, 2]): Exchanger => ({
  allowed,
  online,
  exchange,
});

test('offset and rate against the first CPU; CPUs that may not be used are named', () => {
  const ticksPerNs = 2.5;
  const host = exchanger(() => rounds(500, 100));
  const first = survey(host);
  const later = survey(exchanger(() => rounds(525, 100, 2_501_000_000n)));
  const [reference, other, skipped] = compareCpus(host, first, later, ticksPerNs);
  expect(reference).toMatchObject({ cpu: 0, offsetNs: 0, reason: expect.stringContaining('compared with') });
  expect(other?.cpu).toBe(2);
  expect(Math.abs((other?.offsetNs ?? 0) - 525 / ticksPerNs)).toBeLessThanOrEqual(other?.resolutionNs ?? 0);
  // 25 ticks in a second of 2.5e9.
  expect(Math.abs((other?.rateRatio ?? 0) - 1e-8)).toBeLessThanOrEqual(other?.rateResolutionRatio ?? 0);
  expect(skipped).toMatchObject({
    cpu: 1,
    offsetNs: null,
    reason: expect.stringContaining('may not run there'),
  });
});

test('a CPU that does not answer, or may not be pinned to, keeps its reason', () => {
  const silent = exchanger(() => new BigInt64Array(0));
  expect(compareCpus(silent, survey(silent), survey(silent), 2.5)[1]?.reason).toContain('busy');
  const forbidden = exchanger(() => {
    throw Object.assign(new Error('sched_setaffinity: invalid argument'), { code: 'EINVAL' });
  });
  expect(compareCpus(forbidden, survey(forbidden), survey(forbidden), 2.5)[1]?.reason).toContain('EINVAL');
});

test('a warp is a warning; a synchronized pair is none', () => {
  const found = (offset: number) => {
    const host = exchanger(() => rounds(offset, 100));
    return cpuWarnings(compareCpus(host, survey(host), survey(host), 2.5)).map(({ code }) => code);
  };
  expect(found(0)).toEqual([]);
  expect(found(-5000)).toEqual(['tsc-warp']);
});

test('the whole of a comparison: the first CPU, one with two surveys, one with one, those not asked and not allowed', () => {
  const exchange = (at: bigint, low: number, high: number, warps = 0) => ({
    at,
    low,
    high,
    rounds: 512,
    warps,
  });
  const nothing = {
    offsetNs: null,
    resolutionNs: null,
    rateRatio: null,
    rateResolutionRatio: null,
    rounds: 0,
    warps: 0,
  };
  const first = new Map<number, Exchange | string>([
    [1, exchange(0n, 90, 110, 1)],
    [2, 'busy'],
  ]);
  const last = new Map([
    [1, exchange(1_000_000n, 110, 130, 2)],
    [2, exchange(1_000_000n, -5, 5)],
  ]);
  expect(compareCpus({ allowed: [0, 1, 2, 3], online: [0, 1, 2, 3, 7] }, first, last, 2)).toEqual([
    {
      ...nothing,
      cpu: 0,
      offsetNs: 0,
      resolutionNs: 0,
      reason: 'the first CPU, which the others are compared with',
    },
    {
      cpu: 1,
      offsetNs: 60,
      resolutionNs: 5,
      rateRatio: 20 / 1e6,
      rateResolutionRatio: 20 / 1e6,
      rounds: 1024,
      warps: 3,
      reason: null,
    },
    {
      cpu: 2,
      offsetNs: 0,
      resolutionNs: 2.5,
      rateRatio: null,
      rateResolutionRatio: null,
      rounds: 512,
      warps: 0,
      reason: null,
    },
    { ...nothing, cpu: 3, reason: 'never asked' },
    { ...nothing, cpu: 7, reason: 'skipped: this process may not run there' },
  ]);
});

const host = hostExchanger();

test('of this host: the CPUs that may be used are online', () => {
  expect(host.online).toEqual(expect.arrayContaining([...host.allowed]));
});

test.runIf(host.allowed.length > 1)(
  'an exchange runs forward, and leaves the thread where it was',
  async () => {
    let rows: BigInt64Array = new BigInt64Array();
    const exchange = () => {
      rows = host.exchange(host.allowed[1] as number);
      return rows.length;
    };
    // A CPU that is busy may answer in none.
    await expect.poll(exchange, { timeout: 4_000 }).toBeGreaterThan(0);
    const sent = rows.filter((_, i) => i % 3 === 0);
    expect(sent).toEqual(sent.toSorted());
    const returned = rows.filter((_, i) => i % 3 === 2);
    expect(returned.every((cycles, i) => cycles > (sent[i] as bigint))).toBe(true);
    expect(hostExchanger().allowed).toEqual(host.allowed);
  },
);

test.each([
  ['0-3,8', [0, 1, 2, 3, 8]],
  ['0\n', [0]],
  ['', []],
  ['2-3,5-6', [2, 3, 5, 6]],
])('the kernel writes CPUs as %j', (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus);
});
