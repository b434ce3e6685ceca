/**
 * A clock made of the TSC: CLOCK_MONOTONIC in ns by one rdtsc and a multiplication, with a bound of its error.
 *
 * @module
 */
export { type ErrorCode, TscopeError } from '../errors.ts';
export { TscClock, type TscClockOptions } from '../tsc/tsc-clock.ts';
