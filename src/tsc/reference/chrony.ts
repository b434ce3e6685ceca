import { createSocket } from 'node:dgram';
import { systemCode } from '../../errors.ts';
import { reasonOf } from '../../host/fact.ts';
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

/** What a tracking reply says; the offsets are those of RPY_Tracking. */
export function trackingReference(reply: Buffer, sequence: number): Reference | NoReference {
  const reason = (text: string): NoReference => ({ reason: `chronyd: ${text}` });
  if (reply.length < MESSAGE_BYTES || reply.readUInt8(1) !== REPLY || reply.readUInt32BE(16) !== sequence) {
    return reason('not an answer to what was asked');
  }
  if (reply.readUInt16BE(8) !== 0) return reason(`refused (status ${reply.readUInt16BE(8)})`);
  if (reply.readUInt16BE(6) !== TRACKING_REPLY) return reason('an answer of another kind');
  if (reply.readUInt16BE(54) === UNSYNCHRONISED) return reason('it runs, but is not synchronised');
  const ppm = (offset: number) => chronyFloat(reply.readInt32BE(offset)) * 1e-6;
  const [frequency, residual, skew] = [ppm(80), ppm(84), ppm(88)];
  return {
    // Positive: uncorrected, the clock would gain.
    trueHz: byCorrection(-frequency),
    errorRatio: skew + Math.abs(residual),
    name: 'chronyd (frequency and skew)',
  };
}

/**
 * Asks chronyd over its local UDP port.
 *
 * @param port another port, for tests.
 */
export function chronyReference(port: number = CHRONY_PORT): Promise<Reference | NoReference> {
  const sequence = Math.floor(Math.random() * 2 ** 32);
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (found: Reference | NoReference) => {
      clearTimeout(timer);
      socket.close();
      resolve(found);
    };
    const timer = setTimeout(() => finish({ reason: 'chronyd: no answer' }), PATIENCE_MS);
    socket.once('error', (error) => {
      const refused = systemCode(error) === 'ECONNREFUSED';
      finish({
        reason: refused ? `chronyd: nobody listens on 127.0.0.1:${port}` : `chronyd: ${reasonOf(error)}`,
      });
    });
    socket.once('message', (reply) => finish(trackingReference(reply, sequence)));
    // Connected, so that a closed port answers with an error at once.
    socket.connect(port, '127.0.0.1', () => socket.send(trackingRequest(sequence)));
  });
}
