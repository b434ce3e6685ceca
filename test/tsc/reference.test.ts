import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { quietControl } from '../../src/clock/control.ts';
import type { Adjtimex } from '../../src/native.ts';
import { calibrate } from '../../src/tsc/calibrate.ts';
import { referenceFrom } from '../../src/tsc/reference/adjtimex.ts';
import {
  chronyFloat,
  chronyReference,
  trackingReference,
  trackingRequest,
} from '../../src/tsc/reference/chrony.ts';
import { openPtpClock, ptpReference } from '../../src/tsc/reference/ptp.ts';
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
  tai: 37,
  ...change,
});

test('adjtimex: freq is in 2^-16 ppm, and a faster disciplined clock means fewer ticks in a true second', () => {
  expect(ppmOf(referenceFrom(adjtimex({ freq: 10 * 65_536 })))).toBeCloseTo(-10, 3);
  expect(ppmOf(referenceFrom(adjtimex({ freq: -3.5 * 65_536 })))).toBeCloseTo(3.5, 4);
});

test('adjtimex: tick counts too', () => {
  expect(ppmOf(referenceFrom(adjtimex({ tick: 10_001, freq: -100 * 65_536 })))).toBeCloseTo(0, 6);
});

test('adjtimex: the error is what is left of the time error over the loop', () => {
  const reference = referenceFrom(adjtimex({ offset: 900_000, estErrorUs: 100, constant: 6 }));
  expect(reference).toMatchObject({ errorRatio: (900e-6 + 100e-6) / 256 });
  expect(referenceFrom(adjtimex({ offset: 0, estErrorUs: 0 }))).toMatchObject({ errorRatio: 1e-7 });
});

test('adjtimex: a clock that nothing disciplines is no reference', () => {
  expect(referenceFrom(adjtimex({ status: 0x2041 }))).toEqual({
    reason: expect.stringContaining('STA_UNSYNC'),
  });
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
}

/** A reply as chronyd writes it: RPY_TRACKING of its protocol version 6. */
function reply(
  sequence: number,
  { frequency = 0, residual = 0, skew = 0.02, leap = 0, status = 0 }: Told,
): Buffer {
  const message = Buffer.alloc(104);
  message.set([6, 2, 0, 0, 0, 33, 0, status === 0 ? 5 : 1]);
  message.writeUInt16BE(status, 8);
  message.writeUInt32BE(sequence, 16);
  message.writeUInt16BE(leap, 54);
  message.writeInt32BE(toChronyFloat(frequency), 80);
  message.writeInt32BE(toChronyFloat(residual), 84);
  message.writeInt32BE(toChronyFloat(skew), 88);
  return message;
}

test('chronyd: a clock that would gain uncorrected has more ticks in a true second', () => {
  const reference = trackingReference(reply(7, { frequency: 12.5, residual: -0.01, skew: 0.03 }), 7);
  expect(ppmOf(reference)).toBeCloseTo(12.5, 3);
  expect((reference as Reference).errorRatio).toBeCloseTo(0.04e-6, 10);
});

test.each([
  ['not synchronised', reply(7, { leap: 3 })],
  ['refused', reply(7, { status: 2 })],
  ['not an answer', reply(8, {})],
  ['not an answer', Buffer.alloc(10)],
  ['not an answer', trackingRequest(7)],
])('chronyd: %s is a reason', (reason, message) => {
  expect(trackingReference(message, 7)).toEqual({ reason: expect.stringContaining(reason) });
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
  expect((reference as Reference).errorRatio).toBeCloseTo(5000 / (2 * HZ), 12);
  expect(ptpReference('/dev/ptp0', moment(1, 10), moment(1, 10))).toEqual({
    reason: '/dev/ptp0: it does not advance',
  });
});

test('on any host the PTP clock is there or has a reason', () => {
  const clock = openPtpClock();
  if ('reason' in clock) expect(clock.reason).not.toBe('');
  else clock.close();
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
  expect(found.trueRate?.errorRatio).toBeGreaterThanOrEqual(2e-8);
});

test('without any, the true rate is null, with every reason and what would help', () => {
  const found = trueRateOf(measured('monotonic_raw'), [{ reason: 'no chronyd' }, { reason: 'no PTP' }]);
  expect(found.trueRate).toBeNull();
  expect(found.trueRateReason).toMatch(/^no chronyd; no PTP; .*chronyd/);
});

test('a steered clock does not show the raw one, so the correction has nothing to correct', () => {
  const reference: Reference = { trueHz: (rawHz) => rawHz, errorRatio: 0, name: 'a reference' };
  const found = trueRateOf(measured('monotonic'), [reference]);
  expect(found).toEqual({ trueRate: null, trueRateReason: expect.stringContaining('--clock monotonic_raw') });
});
