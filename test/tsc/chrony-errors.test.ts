import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { chronyReference } from '../../src/tsc/reference/chrony.ts';

/** A host whose network refuses a step. */
const network = vi.hoisted(() => ({ connect: null as Error | null, send: null as Error | null, closed: 0 }));
vi.mock('node:dgram', () => ({
  createSocket: () =>
    Object.assign(new EventEmitter(), {
      connect: (_port: number, _address: string, told: (error?: Error) => void) =>
        told(network.connect ?? undefined),
      send: (_message: Buffer, told: (error: Error | null) => void) => told(network.send),
      close: () => {
        network.closed += 1;
      },
    }),
}));
const systemError = (code: string, syscall: string) =>
  Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

test('whatever the network refuses is a reason, told once, and the socket is closed', async () => {
  network.connect = systemError('ENETUNREACH', 'connect');
  expect(await chronyReference(7)).toEqual({ reason: expect.stringMatching(/^chronyd: .*ENETUNREACH/) });
  network.connect = systemError('ECONNREFUSED', 'connect');
  expect(await chronyReference(7)).toEqual({ reason: 'chronyd: nobody listens on 127.0.0.1:7' });
  network.connect = null;
  network.send = systemError('EPERM', 'send');
  expect(await chronyReference(7)).toEqual({ reason: expect.stringMatching(/^chronyd: .*EPERM/) });
  expect(network.closed).toBe(3);
});
