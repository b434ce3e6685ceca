import { createSocket } from 'node:dgram';
import { systemCode } from '../../errors.ts';
import { correctionOf } from '../../host/discipline.ts';
import { reasonOf } from '../../host/fact.ts';
import { native } from '../../native.ts';
import { formatRatio } from '../../units.ts';
import { byCorrection, type NoReference, type Reference } from './reference.ts';

/** Where chronyd answers anybody on this host, unless it is told not to (cmdport 0). */
export const CHRONY_PORT = 323;

/** chronyd answers within a millisecond, if it runs. */
const PATIENCE_MS = 200;

// chrony's command protocol, version 6 (candm.h). Requests are padded to the length of their reply.
const VERSION = 6;
const REQUEST = 1;
const REPLY = 2;
const TRACKING_REQUEST = 33;
const TRACKING_REPLY = 5;
const MESSAGE_BYTES = 104;

/** Leap status 3: not synchronised. */
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

/** chronyd's own sources are asked at least this often (maxpoll 17 is the most it accepts, and means a day and a half). */
const LONGEST_SILENCE_S = 2 * 2 ** 17;

/** A correction of the kernel's this much beside chronyd's is not chronyd's: the kernel rounds to less. */
const SAME_CORRECTION = 1e-6;

/** What a tracking reply (RPY_Tracking of candm.h) says about the clock that chronyd measures. */
interface Tracking {
  readonly refid: number;
  readonly stratum: number;
  readonly leap: number;
  /** Of the last update, s of true time; 0: never told. */
  readonly updatedS: number;
  /** Positive: uncorrected, the clock would gain. */
  readonly frequency: number;
  readonly residual: number;
  readonly skew: number;
}

const ppmAt = (reply: Buffer, offset: number): number => chronyFloat(reply.readInt32BE(offset)) * 1e-6;

const trackingOf = (reply: Buffer): Tracking => ({
  refid: reply.readUInt32BE(28),
  stratum: reply.readUInt16BE(52),
  leap: reply.readUInt16BE(54),
  updatedS: reply.readUInt32BE(60),
  frequency: ppmAt(reply, 80),
  residual: ppmAt(reply, 84),
  skew: ppmAt(reply, 88),
});

/** What a tracking reply lacks to be a reference, or null. */
function doubtOf({ refid, stratum, leap, updatedS, residual, skew }: Tracking, nowS: number): string | null {
  if (leap === UNSYNCHRONISED) return 'it runs, but is not synchronised';
  if (isLocalClock(refid)) return "it follows this host's own clock (local stratum), no source of time";
  if (refid === 0) return 'it has no source';
  if (stratum === 0 || stratum > HIGHEST_STRATUM) return `stratum ${stratum}: it is not synchronised`;
  if (!(skew > 0)) return 'it names no error of its frequency yet (skew 0)';
  const error = skew + Math.abs(residual);
  if (error > MOST_ERROR_RATIO) return `it knows its frequency only to ${(error * 1e6).toPrecision(3)} ppm`;
  const silentS = nowS - updatedS;
  if (updatedS > 0 && silentS > LONGEST_SILENCE_S)
    return `its last update is ${Math.round(silentS / 3600)} h old`;
  return null;
}

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
  if (reply.length < MESSAGE_BYTES || reply.readUInt8(1) !== REPLY || reply.readUInt32BE(16) !== sequence) {
    return reason('not an answer to what was asked');
  }
  if (reply.readUInt16BE(8) !== 0) return reason(`refused (status ${reply.readUInt16BE(8)})`);
  if (reply.readUInt16BE(6) !== TRACKING_REPLY) return reason('an answer of another kind');
  const tracking = trackingOf(reply);
  const doubt = doubtOf(tracking, nowS);
  if (doubt !== null) return reason(doubt);
  const { frequency, residual, skew } = tracking;
  const errorRatio = skew + Math.abs(residual);
  const beside = kernelCorrection === null ? 0 : Math.abs(kernelCorrection + frequency);
  if (kernelCorrection !== null && kernelCorrection !== 0 && beside > SAME_CORRECTION + errorRatio) {
    return reason(
      `it would correct the clock by ${formatRatio(-frequency)}, the kernel does by ${formatRatio(kernelCorrection)}: something else steers it (chronyd -x), or chronyd is slewing`,
    );
  }
  return { trueHz: byCorrection(-frequency), errorRatio, name: 'chronyd (frequency and skew)' };
}

/** What the kernel corrects its clock by; null where it does not say. */
function kernelCorrection(): number | null {
  try {
    return correctionOf(native().readAdjtimex());
  } catch {
    return null;
  }
}

/**
 * Asks chronyd over its local UDP port. Whatever goes wrong is a reason.
 *
 * @param port another port, for tests.
 */
export function chronyReference(port: number = CHRONY_PORT): Promise<Reference | NoReference> {
  const sequence = Math.floor(Math.random() * 2 ** 32);
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => finish({ reason: 'chronyd: no answer' }), PATIENCE_MS);
    const finish = (found: Reference | NoReference) => {
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
    socket.once('message', (reply) => finish(trackingReference(reply, sequence, kernelCorrection())));
    // Connected, so that a closed port answers with an error at once. Where there is no network, connecting fails:
    // this callback is then told instead of the listener.
    socket.connect(port, '127.0.0.1', (error?: Error) => {
      if (error !== undefined) fail(error);
      else socket.send(trackingRequest(sequence), (failed) => failed !== null && fail(failed));
    });
  });
}
