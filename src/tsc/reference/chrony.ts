import { createSocket } from 'node:dgram';
import { systemCode } from '../../errors.ts';
import { correctionOf, kernelClock } from '../../host/discipline.ts';
import { reasonOf } from '../../host/fact.ts';
import { formatRatio } from '../../units.ts';
import { byCorrection, CRYSTAL_WANDER, type NoReference, type Reference } from './reference.ts';

/** Where chronyd answers anybody on this host, unless it is told not to (cmdport 0). */
const CHRONY_PORT = 323;

/** chronyd answers within a millisecond, if it runs. */
const PATIENCE_MS = 200;

// chrony's command protocol, version 6 (candm.h). Requests are padded to the length of their reply.
const VERSION = 6;
const REQUEST = 1;
const REPLY = 2;
const TRACKING_REQUEST = 33;
const TRACKING_REPLY = 5;
const MESSAGE_BYTES = 104;

/** Leap status 3 is "not synchronised"; there is none above. */
const UNSYNCHRONISED = 3;

/** The tracking request, with `sequence` to recognize its reply by. */
export function trackingRequest(sequence: number): Buffer {
  const request = Buffer.alloc(MESSAGE_BYTES);
  request.writeUInt8(VERSION, 0);
  request.writeUInt8(REQUEST, 1);
  request.writeUInt16BE(TRACKING_REQUEST, 4);
  request.writeUInt32BE(sequence, 8);
  return request;
}

/** chrony's 32-bit floating point: a 7-bit exponent and a 25-bit coefficient, both signed. */
export function chronyFloat(bits: number): number {
  const exponent = bits >> 25;
  const coefficient = (bits << 7) >> 7;
  return coefficient * 2 ** (exponent - 25);
}

/** chronyd's `local` directive and ntpd's undisciplined local clock: 127.127.1.x, a clock that follows itself. */
const isLocalClock = (refid: number): boolean => refid >>> 8 === 0x7f7f01;

const HIGHEST_STRATUM = 15;

/** A frequency that is known no better than this says nothing that the crystal's data sheet does not. */
const MOST_ERROR_RATIO = 100e-6;

/** The last digit that chronyd shows of a frequency; no crystal is known better from packets over a network. */
const LEAST_ERROR_RATIO = 1e-9;

/** chronyd gives a source up after eight questions without an answer, by default 1024 s apart at most. */
const GIVEN_UP_S = 8 * 1024;

/** chronyd's own sources are asked at least this often (maxpoll 17 is the most it accepts, and means a day and a half). */
const LONGEST_SILENCE_S = 2 * 2 ** 17;

/** A correction of the kernel's this much beside chronyd's is not chronyd's: the kernel rounds to less. */
const SAME_CORRECTION = 1e-6;

/** An update later than this clock by more than a chronyd takes to answer. */
const AHEAD_S = 60;

/** A time known no better than this is none: MAXDISP of RFC 5905, the dispersion of a source that was never heard. */
const MOST_DISTANCE_S = 16;

const floatAt = (reply: Buffer, offset: number): number => chronyFloat(reply.readInt32BE(offset));

const INET4 = 1;
const INET6 = 2;

/** Whether the address at this offset (16 bytes and a family) is 127.x or ::1. */
function isLoopback(reply: Buffer, offset: number): boolean {
  const family = reply.readUInt16BE(offset + 16);
  const address = reply.subarray(offset, offset + 16);
  if (family === INET4) return address[0] === 127;
  return family === INET6 && address[15] === 1 && address.subarray(0, 15).every((byte) => byte === 0);
}

/** What a tracking reply (RPY_Tracking of candm.h) says about the clock that chronyd measures. */
export type ChronyTracking = Readonly<ReturnType<typeof fieldsOf>>;

const fieldsOf = (reply: Buffer) => ({
  refid: reply.readUInt32BE(28),
  /** The source is an address of this host itself. */
  loopback: isLoopback(reply, 32),
  stratum: reply.readUInt16BE(52),
  synchronised: reply.readUInt16BE(54) < UNSYNCHRONISED,
  /** Of the last update, s of true time; 0: never told. */
  updatedS: reply.readUInt32BE(60),
  /** How far the system clock is behind true time, s: what is still being slewed. */
  correctionS: floatAt(reply, 68),
  lastOffsetS: floatAt(reply, 72),
  rmsOffsetS: floatAt(reply, 76),
  /** As ratios. Positive: uncorrected, the clock would gain. */
  frequency: floatAt(reply, 80) * 1e-6,
  residual: floatAt(reply, 84) * 1e-6,
  skew: floatAt(reply, 88) * 1e-6,
  rootDelayS: floatAt(reply, 92),
  rootDispersionS: floatAt(reply, 96),
});

/** What the reply to the request of that number holds, or why it is none. */
function trackingOf(reply: Buffer, sequence: number): ChronyTracking | NoReference {
  if (reply.length < MESSAGE_BYTES || reply.readUInt8(1) !== REPLY || reply.readUInt32BE(16) !== sequence)
    return { reason: 'chronyd: not an answer to what was asked' };
  const status = reply.readUInt16BE(8);
  if (status !== 0) return { reason: `chronyd: refused (status ${status})` };
  if (reply.readUInt16BE(6) !== TRACKING_REPLY) return { reason: 'chronyd: an answer of another kind' };
  return fieldsOf(reply);
}

const hours = (seconds: number): string => `${Math.round(seconds / 3600)} h`;

/** What a tracking reply lacks to be a reference, or null. */
function doubtOf(tracking: ChronyTracking, nowS: number): string | null {
  const { refid, loopback, stratum, updatedS, residual, skew } = tracking;
  if (!tracking.synchronised) return 'it runs, but is not synchronised';
  if (isLocalClock(refid)) return "it follows this host's own clock (local stratum), no source of time";
  if (refid === 0) return 'it has no source';
  if (loopback) return 'its source is this host itself, no source of time';
  if (stratum === 0 || stratum > HIGHEST_STRATUM) return `stratum ${stratum}: it is not synchronised`;
  if (!(skew > 0)) return 'it names no error of its frequency yet (skew 0)';
  const error = skew + Math.abs(residual);
  if (error > MOST_ERROR_RATIO)
    return `it knows its frequency only to ${Number((error * 1e6).toPrecision(3))} ppm`;
  // Of the time's own error: half the way to the primary source and back, and what may have gone wrong on it.
  const distanceS = tracking.rootDelayS / 2 + tracking.rootDispersionS;
  if (!(distanceS <= MOST_DISTANCE_S))
    return `it knows the time only to ${Number(distanceS.toPrecision(3))} s`;
  if (updatedS === 0) return null;
  const silentS = nowS - updatedS;
  if (silentS > LONGEST_SILENCE_S) return `its last update is ${hours(silentS)} old`;
  if (silentS < -AHEAD_S)
    return `its last update is ${Math.round(-silentS)} s ahead of this host's time of day: one of the two is wrong`;
  return null;
}

/** Since the last update the crystal has gone where it would. */
const agedBy = ({ updatedS }: ChronyTracking, nowS: number): number =>
  updatedS > 0 && nowS - updatedS > GIVEN_UP_S ? CRYSTAL_WANDER : 0;

/**
 * What a tracking reply says about the raw clock.
 *
 * @param kernelCorrection what the kernel corrects the raw clock by; null where that is not known. With `-x` chronyd
 * measures a clock that it does not steer: if something else does, its frequency is not the raw clock's.
 * @param nowS seconds of the time of day.
 */
export function trackingReference(
  reply: Buffer,
  sequence: number,
  kernelCorrection: number | null = null,
  nowS: number = Date.now() / 1000,
): Reference | NoReference {
  const reason = (text: string): NoReference => ({ reason: `chronyd: ${text}` });
  const tracking = trackingOf(reply, sequence);
  if ('reason' in tracking) return tracking;
  const doubt = doubtOf(tracking, nowS);
  if (doubt !== null) return reason(doubt);
  const { frequency, residual, skew } = tracking;
  const errorRatio = Math.max(LEAST_ERROR_RATIO, skew + Math.abs(residual)) + agedBy(tracking, nowS);
  const beside = kernelCorrection === null ? 0 : Math.abs(kernelCorrection + frequency);
  if (kernelCorrection !== null && kernelCorrection !== 0 && beside > SAME_CORRECTION + errorRatio) {
    return reason(
      `it would correct the clock by ${formatRatio(-frequency)}, the kernel does by ${formatRatio(kernelCorrection)}: something else steers it (chronyd -x), or chronyd is slewing`,
    );
  }
  const unchecked = kernelCorrection === null ? '; whether it steers the clock could not be checked' : '';
  return {
    trueHz: byCorrection(-frequency),
    errorRatio,
    name: `chronyd (frequency and skew${unchecked})`,
  };
}

/**
 * Asks chronyd over its local UDP port. Whatever goes wrong is a reason.
 *
 * @param port another port, for tests.
 */
export const chronyReference = (port: number = CHRONY_PORT): Promise<Reference | NoReference> =>
  askChrony(port, (reply, sequence) => {
    const kernel = kernelClock();
    return trackingReference(reply, sequence, kernel === null ? null : correctionOf(kernel));
  });

/** The same question, answered with all that it says. */
export const chronyTracking = (port: number = CHRONY_PORT): Promise<ChronyTracking | NoReference> =>
  askChrony(port, trackingOf);

function askChrony<Answer>(
  port: number,
  read: (reply: Buffer, sequence: number) => Answer,
): Promise<Answer | NoReference> {
  const sequence = Math.floor(Math.random() * 2 ** 32);
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => finish({ reason: 'chronyd: no answer' }), PATIENCE_MS);
    const finish = (found: Answer | NoReference) => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      resolve(found);
    };
    const fail = (error: unknown) => {
      const refused = systemCode(error) === 'ECONNREFUSED';
      finish({
        reason: refused ? `chronyd: nobody listens on 127.0.0.1:${port}` : `chronyd: ${reasonOf(error)}`,
      });
    };
    socket.once('error', fail);
    socket.once('message', (reply) => finish(read(reply, sequence)));
    // Connected, so that a closed port answers with an error at once. Where there is no network, connecting fails:
    // this callback is then told instead of the listener.
    socket.connect(port, '127.0.0.1', (error?: Error) => {
      if (error !== undefined) fail(error);
      else socket.send(trackingRequest(sequence), (failed) => failed !== null && fail(failed));
    });
  });
}
