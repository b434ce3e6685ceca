import { nativeWithTsc } from '../native.ts';
import type { TimeSource } from './time-source.ts';

/** This host's CLOCK_MONOTONIC and TSC, read through the addon. */
export class HostClock implements TimeSource {
  readonly reading: BigInt64Array = new BigInt64Array(new SharedArrayBuffer(16));
  readonly read: () => void;

  /** @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden. */
  constructor() {
    this.read = nativeWithTsc().createPairReader(this.reading);
    this.read();
  }
}
