/**
 * A clock made of the TSC: CLOCK_MONOTONIC in ns by one rdtsc and a multiplication, with a bound of its error; the
 * counter itself; and a mock clock for tests.
 *
 * @module
 */
export { type ErrorCode, TscopeError } from '../errors.ts';
export type { ClockOfTsc } from '../tsc/clock-of-tsc.ts';
export { MockTscClock, type MockTscClockOptions } from '../tsc/mock-tsc-clock.ts';
export { rdtsc, readPair } from '../tsc/read-tsc.ts';
export { TscClock, type TscClockOptions } from '../tsc/tsc-clock.ts';
