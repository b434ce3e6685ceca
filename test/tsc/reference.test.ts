import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import type { Adjtimex } from '../../src/native.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { referenceFrom } from '../../src/tsc/reference/adjtimex.ts';
import { disagreements } from '../../src/tsc/reference/agreement.ts';
import {
  chronyFloat,
  chronyReference,
  chronyTracking,
  trackingReference,
  trackingRequest,
} from '../../src/tsc/reference/chrony.ts';
import { comparePtpClocks, type PtpClock, ptpReference } from '../../src/tsc/reference/ptp.ts';
import type { NoReference, Reference } from '../../src/tsc/reference/reference.ts';
import { trueRateOf } from '../../src/tsc/true-rate.ts';
import { scriptedHost } from './scripted-host.ts';

const HZ = 2_596_120_121.583;

/** ppm by which the true rate is above the raw one. */
const ppmOf = (reference: Reference | NoReference): number =>
  'trueHz' in reference ? (reference.trueHz(1e9) / 1e9 - 1) * 1e6 : Number.NaN;

const adjtimex = (change: Partial<Adjtimex>): Adjtimex => ({
  state: 0,
  status: 0x2001,
  freq: 0,
  tick: 10_000,
  offset: 0,
  maxErrorUs: 5_000,
  estErrorUs: 100,
  constant: 6,
  ...change,
});

test('adjtimex: freq is in 2^-16 ppm, and a faster disciplined clock means fewer ticks in a true second', () => {
  expect(ppmOf(referenceFrom(adjtimex({ freq: 10 * 65_536 })))).toBeCloseTo(-10, 3);
  expect(ppmOf(referenceFrom(adjtimex({ freq: -3.5 * 65_536 })))).toBeCloseTo(3.5, 4);
});

test('adjtimex: tick counts too', () => {
  expect(ppmOf(referenceFrom(adjtimex({ tick: 10_001, freq: -100 * 65_536 })))).toBeCloseTo(0, 6);
});

test('adjtimex: the error is what is left of the time error over the loop and the time since the last correction', () => {
  const reference = referenceFrom(
    adjtimex({ offset: 900_000, estErrorUs: 100, maxErrorUs: 500, constant: 6 }),
  );
  expect(reference).toMatchObject({ errorRatio: (900e-6 + 100e-6) / (256 + 1) });
  expect(referenceFrom(adjtimex({ maxErrorUs: 50_000 }))).toMatchObject({
    errorRatio: expect.closeTo(50e-3 / (256 + 100), 12),
  });
  expect(referenceFrom(adjtimex({ estErrorUs: 0, maxErrorUs: 0 }))).toMatchObject({ errorRatio: 1e-7 });
});

test.each([
  ['nothing disciplines it', { status: 0x2041 }, /^adjtimex: nothing disciplines the kernel's clock/],
  [
    'chronyd without rtcsync',
    { status: 0x40, freq: -37 * 65_536 },
    /corrected by -37(\.0+)? ppm.*rtcsync\?$/,
  ],
  ['a tick alone is a correction too', { status: 0x40, tick: 9999 }, /rtcsync\?$/],
  ['TIME_ERROR', { state: 5 }, /cannot be trusted \(state 5/],
  ['STA_CLOCKERR', { status: 0x3001 }, /cannot be trusted \(state 0, status 0x3001/],
  ['a clock that nobody has corrected for hours', { maxErrorUs: 16_000_000 }, /maxerror 16 s/],
  ['TIME_ERROR for a lost PPS signal', { state: 5, status: 0x2103 }, /cannot be trusted \(state 5/],
  ['a maxerror that cannot be', { maxErrorUs: -1 }, /maxerror -0.000001 s/],
  ['an esterror that cannot be', { estErrorUs: -1 }, /cannot be trusted/],
  ['a tick below what the kernel takes', { tick: 8_999 }, /cannot be trusted/],
  ['a tick above', { tick: 11_001 }, /cannot be trusted/],
  ['a frequency beyond 500 ppm', { freq: 32_768_001 }, /cannot be trusted/],
  ['a frequency below -500 ppm', { freq: -32_768_001 }, /cannot be trusted/],
])('adjtimex: %s is no reference', (_, change, reason) => {
  expect(referenceFrom(adjtimex(change))).toEqual({ reason: expect.stringMatching(reason) });
});

test('adjtimex: a rate that is bounded worse than to 500 ppm is none', () => {
  const found = (estErrorUs: number) =>
    referenceFrom(adjtimex({ maxErrorUs: 0, constant: 2, offset: 0, estErrorUs }));
  expect([found(8_000), found(8_001)]).toEqual([
    expect.objectContaining({ errorRatio: 500e-6 }),
    { reason: "adjtimex: the kernel's clock is disciplined, but its errors bound the rate only to 500 ppm" },
  ]);
});

test('adjtimex: just below the limit of maxerror it still is one', () => {
  expect(referenceFrom(adjtimex({ maxErrorUs: 15_999_999 }))).toHaveProperty('errorRatio');
});

test.each([
  [{ tick: 9_000, freq: -32_768_000 }],
  [{ tick: 11_000, freq: 32_768_000 }],
  // A leap second is pending, a PPS signal is there, the frequency is held: all are synchronised states.
  [{ state: 1, status: 0x2011 }],
  [{ state: 4, status: 0x2107 }],
])('adjtimex: %o is one', (change) => {
  expect(referenceFrom(adjtimex(change))).toHaveProperty('errorRatio');
});

/** chrony's own rounding to its 32-bit floating point. */
function toChronyFloat(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value))) + 2;
  const coefficient = Math.round(value * 2 ** (25 - exponent));
  return ((exponent & 0x7f) << 25) | (coefficient & 0x1ff_ffff);
}

test.each([0, 1, -1, 0.5, 12.345, -0.001, 1e-9, -4e-13, 123_456])(
  'chrony writes %d, and it is read back',
  (value) => {
    expect(chronyFloat(toChronyFloat(value))).toBeCloseTo(
      value,
      6 - Math.ceil(Math.log10(Math.abs(value) + 1e-12)),
    );
  },
);

interface Told {
  frequency?: number;
  residual?: number;
  skew?: number;
  leap?: number;
  status?: number;
  refid?: number;
  stratum?: number;
  updatedS?: number;
  /** The source's address, 16 bytes, and its family: 1 is IPv4, 2 is IPv6, 0 a clock of this host's hardware. */
  address?: readonly number[];
  family?: number;
  delayS?: number;
  dispersionS?: number;
}

/** A reply as chronyd writes it: RPY_TRACKING of its protocol version 6. */
function reply(
  sequence: number,
  {
    frequency = 0,
    residual = 0,
    skew = 0.02,
    leap = 0,
    status = 0,
    refid = 0x0a000001,
    stratum = 3,
    updatedS = 0,
    address = [10, 0, 0, 1],
    family = 1,
    delayS = 0.03,
    dispersionS = 0.001,
  }: Told,
): Buffer {
  const message = Buffer.alloc(104);
  message.set([6, 2, 0, 0, 0, 33, 0, status === 0 ? 5 : 1]);
  message.writeUInt16BE(status, 8);
  message.writeUInt32BE(sequence, 16);
  message.writeUInt32BE(refid, 28);
  message.set(address, 32);
  message.writeUInt16BE(family, 48);
  message.writeUInt16BE(stratum, 52);
  message.writeUInt16BE(leap, 54);
  message.writeUInt32BE(updatedS, 60);
  message.writeInt32BE(toChronyFloat(frequency), 80);
  message.writeInt32BE(toChronyFloat(residual), 84);
  message.writeInt32BE(toChronyFloat(skew), 88);
  message.writeInt32BE(toChronyFloat(delayS), 92);
  message.writeInt32BE(toChronyFloat(dispersionS), 96);
  return message;
}

test('chronyd: a clock that would gain uncorrected has more ticks in a true second', () => {
  const reference = trackingReference(reply(7, { frequency: 12.5, residual: -0.01, skew: 0.03 }), 7);
  expect(ppmOf(reference)).toBeCloseTo(12.5, 3);
  expect((reference as Reference).errorRatio).toBeCloseTo(0.04e-6, 10);
});

test.each([
  ['not synchronised', reply(7, { leap: 3 })],
  ["follows this host's own clock", reply(7, { refid: 0x7f7f0101, stratum: 10, frequency: 37, skew: 0.01 })],
  ["follows this host's own clock", reply(7, { refid: 0x7f7f01ff, stratum: 15 })],
  ['has no source', reply(7, { refid: 0 })],
  ['its source is this host itself', reply(7, { refid: 0x7f000001, address: [127, 0, 0, 1] })],
  [
    'its source is this host itself',
    reply(7, { family: 2, address: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }),
  ],
  ['not synchronised', reply(7, { leap: 4 })],
  ['knows the time only to 16.5 s', reply(7, { delayS: 1, dispersionS: 16 })],
  ['120 s ahead of this host', reply(7, { updatedS: 1_000_000_000 + 73 * 3600 + 120 })],
  ['stratum 0', reply(7, { stratum: 0 })],
  ['stratum 16', reply(7, { stratum: 16 })],
  ['no error of its frequency yet', reply(7, { skew: 0 })],
  ['knows its frequency only to', reply(7, { frequency: -31_244, residual: -3414, skew: 122 })],
  ['its last update is 73 h old', reply(7, { updatedS: 1_000_000_000 })],
  ['refused', reply(7, { status: 2 })],
  ['not an answer', reply(8, {})],
  ['not an answer', Buffer.alloc(10)],
  ['not an answer', trackingRequest(7)],
])('chronyd: %s is a reason', (reason, message) => {
  expect(trackingReference(message, 7, null, 1_000_000_000 + 73 * 3600)).toEqual({
    reason: expect.stringContaining(reason),
  });
});

test('chronyd: its limits', () => {
  const isUsed = (told: Told) => 'trueHz' in trackingReference(reply(7, told), 7, null, 1_000_262_144);
  expect([isUsed({ skew: 99 }), isUsed({ skew: 101 })]).toEqual([true, false]);
  expect([isUsed({ stratum: 15 }), isUsed({ updatedS: 1_000_000_001 })]).toEqual([true, true]);
  expect(isUsed({ updatedS: 999_999_999 })).toBe(false);
  expect([isUsed({ updatedS: 1_000_262_204 }), isUsed({ updatedS: 1_000_262_205 })]).toEqual([true, false]);
  expect([isUsed({ delayS: 30, dispersionS: 1 }), isUsed({ delayS: 30, dispersionS: 1.1 })]).toEqual([
    true,
    false,
  ]);
  expect([isUsed({ leap: 2 }), isUsed({ skew: 1e-7 }), isUsed({ skew: -1 })]).toEqual([true, true, false]);
  // Other loopback-like addresses are other hosts; a reference clock has none.
  expect([
    isUsed({ refid: 0x7f7f0201 }),
    isUsed({ address: [128, 0, 0, 1] }),
    isUsed({ family: 0, address: [127, 0, 0, 1], refid: 0x50484330 }),
    isUsed({ family: 2, address: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }),
  ]).toEqual([true, true, true, true]);
});

test('chronyd: no skew makes the error smaller than 1 ppb', () => {
  const error = (skew: number) => trackingReference(reply(7, { skew }), 7, null, 1_000_262_144);
  expect([1e-7, 0.000_999, 0.0011].map((skew) => (error(skew) as Reference).errorRatio)).toEqual(
    [1e-9, 1e-9, 1.1e-9].map((ratio) => expect.closeTo(ratio, 12)),
  );
});

test('chronyd: what it has not corrected since it lost its sources is not known to its skew', () => {
  const errorAt = (silentS: number) => {
    const found = trackingReference(reply(7, { updatedS: 1_000_000_000 }), 7, null, 1_000_000_000 + silentS);
    return 'trueHz' in found ? found.errorRatio : Number.NaN;
  };
  expect(errorAt(8192)).toBeCloseTo(0.02e-6, 12);
  expect(errorAt(8193)).toBeCloseTo(0.12e-6, 12);
});

test('chronyd: where the kernel does not say what it corrects by, the name says what that leaves open', () => {
  const name = (kernelCorrection: number | null) => {
    const found = trackingReference(reply(7, {}), 7, kernelCorrection);
    return 'trueHz' in found ? found.name : found.reason;
  };
  expect(name(0)).toBe('chronyd (frequency and skew)');
  expect(name(null)).toBe('chronyd (frequency and skew; whether it steers the clock could not be checked)');
});

test.each([
  ['steers it', 37e-6, 'trueHz'],
  ['-x, and nothing else does', 0, 'trueHz'],
  ['-x, and something else steers it', -12e-6, 'reason'],
  // chronyd's error is 0.02 ppm, the kernel's rounding may be 1 ppm.
  ['the same correction, rounded', 38.01e-6, 'trueHz'],
  ['just not the same', 38.03e-6, 'reason'],
])('chronyd: %s', (_, kernelCorrection, found) => {
  const told = reply(7, { frequency: -37 });
  expect(trackingReference(told, 7, kernelCorrection)).toHaveProperty(found);
});

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** Something that listens where chronyd would; answers the port. */
function listen(answer: (request: Buffer) => Buffer | null): Promise<number> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (request, peer) => {
    const message = answer(request);
    if (message !== null) socket.send(message, peer.port, peer.address);
  });
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => resolve(socket.address().port));
  });
}

test('chronyd is asked over UDP, with a request as long as its reply', async () => {
  let asked: Buffer = Buffer.alloc(0);
  const port = await listen((request) => {
    asked = request;
    return reply(request.readUInt32BE(8), { frequency: -4 });
  });
  expect(ppmOf(await chronyReference(port))).toBeCloseTo(-4, 3);
  expect(asked.length).toBe(104);
  expect([...asked.subarray(0, 6)]).toEqual([6, 1, 0, 0, 0, 33]);
});

test('all that chronyd tells is read, in seconds and ratios', async () => {
  const port = await listen((request) => {
    const message = reply(request.readUInt32BE(8), { frequency: -4, skew: 0.05, stratum: 2 });
    for (const [i, offset] of [68, 72, 76, 92, 96].entries()) {
      message.writeInt32BE(toChronyFloat((i + 1) / 1000), offset);
    }
    return message;
  });
  expect(await chronyTracking(port)).toMatchObject({
    synchronised: true,
    stratum: 2,
    correctionS: expect.closeTo(0.001, 8),
    lastOffsetS: expect.closeTo(0.002, 8),
    rmsOffsetS: expect.closeTo(0.003, 8),
    frequency: expect.closeTo(-4e-6, 12),
    skew: expect.closeTo(5e-8, 14),
    rootDelayS: expect.closeTo(0.004, 8),
    rootDispersionS: expect.closeTo(0.005, 8),
  });
  const refusing = await listen((request) => reply(request.readUInt32BE(8), { status: 3 }));
  expect(await chronyTracking(refusing)).toEqual({ reason: 'chronyd: refused (status 3)' });
});

test('nobody there, or nobody who answers, is a reason and no wait', async () => {
  const port = await listen(() => null);
  expect(await chronyReference(port)).toEqual({ reason: 'chronyd: no answer' });
  sockets.pop()?.close();
  expect(await chronyReference(port)).toEqual({ reason: `chronyd: nobody listens on 127.0.0.1:${port}` });
});

test('a PTP clock: the rate between two brackets, bounded by their windows', () => {
  const moment = (s: number, half: number) => ({
    before: BigInt(Math.round(s * HZ)) - BigInt(half),
    ns: BigInt(s * 1e9),
    after: BigInt(Math.round(s * HZ)) + BigInt(half),
  });
  const reference = ptpReference('/dev/ptp0', moment(1, 2000), moment(3, 3000));
  expect(ppmOf(reference)).toBeCloseTo((HZ / 1e9 - 1) * 1e6, 3);
  expect((reference as Reference).errorRatio).toBeCloseTo(5000 / (2 * HZ) + 0.5e-9, 12);
  expect(ptpReference('/dev/ptp0', moment(1, 10), moment(1, 10))).toEqual({
    reason: '/dev/ptp0: it does not advance',
  });
});

test('PTP: every device is tried, in the order of their numbers, those kept true first', () => {
  let now = 0n;
  const closed: string[] = [];
  const open = (device: string): PtpClock => {
    if (device === 'ptp2')
      throw Object.assign(new Error('open: EACCES'), { code: 'EACCES', syscall: 'open' });
    return {
      name: device,
      keptTrue: device === 'ptp10',
      read: () => {
        if (device === 'ptp3')
          throw Object.assign(new Error('read: EINVAL'), { code: 'EINVAL', syscall: 'read' });
        now += 1_000_000_000n;
        return { before: now * 2n, ns: now, after: now * 2n + 100n };
      },
      close: () => closed.push(device),
    };
  };
  const found = comparePtpClocks(['ptp10', 'null', 'ptp3', 'ptp2', 'ptp1'], open, 0).finish();
  expect(found.map((each) => ('reason' in each ? each.reason : each.name))).toEqual([
    'ptp10, as far as that clock is true',
    'ptp1, as far as that clock is true',
    expect.stringMatching(/^\/dev\/ptp2: .*EACCES/),
    expect.stringMatching(/^ptp3: .*EINVAL/),
  ]);
  expect(closed.toSorted()).toEqual(['ptp1', 'ptp10', 'ptp3']);
});

test('PTP: a clock that nobody sets is no truth, one whose keeper is known is', () => {
  const NOW_S = 1_790_000_000;
  const closed: string[] = [];
  const at =
    (seconds: Record<string, number>) =>
    (device: string): PtpClock => {
      let now = BigInt(Math.round((seconds[device] ?? 0) * 1e9));
      return {
        name: device,
        keptTrue: device === 'ptp0',
        read: () => {
          now += 1_000_000_000n;
          return { before: now * 2n, ns: now, after: now * 2n + 100n };
        },
        close: () => closed.push(device),
      };
    };
  const times = {
    ptp0: 5,
    ptp1: NOW_S + 37,
    ptp2: NOW_S - 121,
    ptp3: NOW_S + 120,
    ptp4: 0,
    ptp5: NOW_S - 900,
  };
  const found = comparePtpClocks(Object.keys(times), at(times), NOW_S * 1e3).finish();
  expect(found.map((each) => ('reason' in each ? each.reason : each.name))).toEqual([
    'ptp0, as far as that clock is true',
    'ptp1, as far as that clock is true',
    'ptp2, as far as that clock is true',
    "ptp3: it is 121 s from this host's time of day: nobody sets it",
    "ptp4: it is 20718 days from this host's time of day: nobody sets it",
    "ptp5: it is 899 s from this host's time of day: nobody sets it",
  ]);
  expect(closed.toSorted()).toEqual(Object.keys(times));
});

test('PTP: a host without such a device says so', () => {
  expect(comparePtpClocks([]).finish()).toEqual([{ reason: 'PTP: there is no /dev/ptp*' }]);
});

test('two references beyond their errors, and one that no crystal allows, are named together with whom they contradict', () => {
  const by = (name: string, ppm: number, errorRatio: number): Reference => ({
    name,
    errorRatio,
    trueHz: (rawHz) => rawHz * (1 + ppm * 1e-6),
  });
  const claim = { source: 'CPUID 0x15', hz: 1e9, reason: '' };
  expect(disagreements([by('A', 0, 1e-6), by('B', 2, 1.1e-6)], [claim], 1e9)).toEqual([]);
  expect(disagreements([by('A', 0, 1e-6), by('B', 3, 1e-6)], [claim], 1e9)).toMatchObject([
    { code: 'references-disagree', message: expect.stringMatching(/^A and B are \+3\.\d* ppm apart/) },
  ]);
  expect(disagreements([by('A', 499, 0)], [claim], 1e9)).toEqual([]);
  expect(disagreements([by('A', -31_244, 1e-6)], [claim], 1e9)).toMatchObject([
    { code: 'reference-implausible', message: expect.stringMatching(/^By A .*CPUID 0x15/) },
  ]);
  // Firmware that names nonsense speaks against nobody while the kernel, or another claim, bears the reference out.
  const nonsense = { source: 'CPUID 0x15', hz: 1.8e19, reason: '' };
  const far = by('A', 600, 0);
  expect(disagreements([by('A', 3, 0)], [nonsense], 1e9)).toEqual([]);
  expect(disagreements([far], [nonsense, { ...claim, hz: 1.0007e9, source: 'pvclock page' }], 1e9)).toEqual(
    [],
  );
  expect(disagreements([far], [nonsense], 1e9)).toHaveLength(1);
  expect(disagreements([far], [{ ...claim, source: '/proc/cpuinfo "cpu MHz" (not the TSC)' }], 1e9)).toEqual(
    [],
  );
});

const measured = (clock: 'monotonic' | 'monotonic_raw') =>
  calibrate({ clock, durationNs: 1e8 }, scriptedHost(), quietControl).result;

test('the first reference that there is counts; its error is never made smaller', () => {
  const result = measured('monotonic_raw');
  const reference: Reference = {
    trueHz: (rawHz) => rawHz / (1 + 5e-6),
    errorRatio: 2e-8,
    name: 'a reference',
  };
  const found = trueRateOf(result, [{ reason: 'not here' }, reference]);
  expect(found.trueRateReason).toBeNull();
  expect(found.trueRate?.reference).toBe('a reference');
  expect(found.trueRate?.hz).toBe(reference.trueHz(result.kernel?.hz ?? result.tscHz));
  expect(found.trueRate?.errorRatio).toBe(2e-8 + (result.kernel?.hz == null ? result.standardErrorRatio : 0));
  const unnamed = trueRateOf({ ...result, kernel: null }, [reference]);
  expect(unnamed.trueRate?.hz).toBe(reference.trueHz(result.tscHz));
  expect(unnamed.trueRate?.errorRatio).toBe(2e-8 + result.standardErrorRatio);
});

test('without any, the true rate is null, with every reason and what would help', () => {
  const found = trueRateOf(measured('monotonic_raw'), [{ reason: 'no chronyd' }, { reason: 'no PTP' }]);
  expect(found.trueRate).toBeNull();
  expect(found.trueRateReason).toMatch(/^no chronyd; no PTP; .*chronyd/);
});

test('a steered clock does not show the raw one, so the correction has nothing to correct', () => {
  const reference: Reference = { trueHz: (rawHz) => rawHz, errorRatio: 0, name: 'a reference' };
  const found = trueRateOf(measured('monotonic'), [reference]);
  expect(found).toEqual({
    trueRate: null,
    trueRateReason: expect.stringContaining('the clock monotonic_raw'),
  });
});
