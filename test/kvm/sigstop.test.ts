import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Control, quietControl } from '../../src/clock/control.ts';
import { untracedStop } from '../../src/kvm/expiries.ts';
import type { Guest } from '../../src/kvm/guest.ts';
import { emptyRecording, type NotedMoment } from '../../src/kvm/recording.ts';
import { recordSigstop } from '../../src/kvm/sigstop.ts';
import { type SigstopJob, type SigstopMessage, watchSigstop } from '../../src/kvm/sigstop-guest.ts';
import { timerSetup } from '../../src/kvm/timer-setup.ts';

const PERIOD = 1_000_000;
const setup = timerSetup(PERIOD, 1, 0);
const STUB = join(import.meta.dirname, 'sigstop-stub.mjs');

describe('a process that owns a guest', () => {
  const STOP = 60_000_000;
  /** What the stub does stands in the place of the guest's loop. */
  const stopped = (act: string, control: Control = quietControl) =>
    recordSigstop(
      { loop: act as 'halt', setup, stopNs: STOP, ticks: 10, trace: 'off', tscKhz: 1 },
      control,
      STUB,
    );

  test('is stopped for as long as was asked, and continued', async () => {
    const record = await stopped('recorded');
    expect(record).toEqual({
      loop: 'recorded',
      periodNs: PERIOD,
      parent: process.pid,
      leftNs: expect.any(Number),
      counts: [],
      saved: null,
      restoredNs: null,
      activity: null,
    });
    // Up to a period longer, so that it ends in the middle of one; and later where the host is busy.
    expect(-(record?.leftNs ?? 0)).toBeGreaterThan(STOP - PERIOD);
    expect(-(record?.leftNs ?? 0)).toBeLessThan(STOP + 30e9);
  });

  test('is tried four times where the signal meets the guest outside KVM_RUN', async () => {
    await expect(stopped('missed')).rejects.toThrow('SIGSTOP met the vCPU outside the guest each time.');
  });

  test('says why it cannot', async () => {
    await expect(stopped('failed')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'It cannot.',
      hint: 'Let it be.',
    });
  });

  test('that ends without an answer', async () => {
    await expect(stopped('silent')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'The process that owned the guest ended before it answered.',
    });
  });

  test('is ended where the run is cancelled, before the stop and during it', async () => {
    const after = (looks: number): Control => {
      let looked = 0;
      return { progress: () => {}, cancelled: () => ++looked > looks };
    };
    expect(await stopped('waits', after(0))).toBeNull();
    expect(await stopped('waits', after(1))).toBeNull();
    expect(await stopped('silent', after(0))).toBeNull();
  });
});

describe('inside that process', () => {
  const START = 10_000_000_000n;
  const STOP = 100_000_000;
  const job: SigstopJob = {
    loop: 'spin',
    setup,
    ticks: 20,
    stopNs: STOP,
    trace: 'off',
    tscKhz: 7,
    parent: 1,
  };

  /** A guest in virtual time whose process is stopped for `stopNs` at the tick after its 30th. */
  function guestStopped(stopNs: number, interrupted = true) {
    const calls: string[] = [];
    const recording = emptyRecording();
    const moment = (ktime: bigint): NotedMoment => ({ ktime, tsc: 0n, cpuNs: 0n });
    let now = START;
    let stopsAt = 30;
    // A signal from elsewhere, without a stop.
    recording.interrupted.push(moment(START + 2_500_000n));
    const tick = () => {
      now += BigInt(PERIOD);
      if (recording.deliveries.length === stopsAt) {
        stopsAt = -1;
        now += BigInt(stopNs);
        if (interrupted) recording.interrupted.push(moment(now - 400_000n));
      }
      recording.deliveries.push(moment(now));
    };
    const guest = {
      recording,
      started: () => [START - 100n, START + 100n],
      now: () => now,
      resumeLatencyNs: () => 3_000n,
      runFor: (count: number) => {
        calls.push(`run ${count}`);
        for (let i = 0; i < count; i++) tick();
        return true;
      },
      waitUntil: (ktime: bigint) => {
        while (now < ktime) tick();
        return true;
      },
      update: () => {},
      pause: () => calls.push('pause'),
    } as unknown as Guest;
    const trace = {
      prepare: () => calls.push('trace'),
      watchResume: (_: Guest, periodNs: number) => calls.push(`watch ${periodNs}`),
      resume: (_: Guest, resumed: NotedMoment, periodNs: number, tscKhz: number) =>
        untracedStop(`${resumed.ktime - START} ${periodNs} ${tscKhz}`),
    };
    const said: SigstopMessage[] = [];
    const answer = watchSigstop(guest, job, trace as never, (message) => said.push(message));
    return { answer, said, calls, recording, now };
  }

  test('the guest runs, may be stopped, and runs on for as many interrupts', () => {
    const { answer, said, calls, recording } = guestStopped(STOP);
    expect(calls).toEqual(['trace', 'run 20', `watch ${PERIOD}`, 'run 20', 'pause']);
    expect(said).toEqual([{ ready: { startedKtime: `${START + 100n}`, resumeLatencyNs: '3000' } }]);
    const resumed = START + 31n * BigInt(PERIOD) + BigInt(STOP) - 400_000n;
    expect(answer).toEqual({
      recorded: {
        resumedKtime: `${resumed}`,
        stop: {
          loop: 'spin',
          stop: 'sigstop',
          periodNs: PERIOD,
          divide: 1,
          startNs: [Number(START - 100n - resumed), Number(START + 100n - resumed)],
          deliveriesNs: recording.deliveries.map(({ ktime }) => Number(ktime - resumed)),
          cpu: { recoveryNs: 0, usualNs: 0 },
          kernel: untracedStop(`${resumed - START} ${PERIOD} 7`),
        },
      },
    });
  });

  test('a gap of more than half the stop is the stop, a shorter one is not', () => {
    // The gap is a period longer than the stop.
    expect(guestStopped(STOP / 2 - PERIOD).answer).toEqual({ missed: true });
    expect(guestStopped(STOP / 2 + 1).answer).toHaveProperty('recorded');
  });

  test('a stop that interrupted nothing is missed: when it ended is not known', () => {
    expect(guestStopped(STOP, false).answer).toEqual({ missed: true });
  });

  test('no stop within ten seconds and its own length is missed', () => {
    const { answer, now, calls } = guestStopped(0);
    expect(answer).toEqual({ missed: true });
    expect(calls.at(-1)).toBe(`watch ${PERIOD}`);
    const waited = Number(now - START) - 20 * PERIOD;
    expect(waited).toBeGreaterThan(STOP + 10e9);
    expect(waited).toBeLessThan(STOP + 10e9 + 10 * PERIOD);
  });
});
