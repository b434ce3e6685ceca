import { nativeWithTsc } from '../native.ts';
import type { Reading, TimeSource } from './time-source.ts';

/** This host's CLOCK_MONOTONIC and TSC, read through the addon. */
export class HostClock implements TimeSource {
  readonly reading = new BigInt64Array(new SharedArrayBuffer(16)) as Reading;
  readonly read: () => void;

  /** @throws TscopeError where the addon cannot be loaded or rdtsc is forbidden. */
  constructor() {
    this.read = nativeWithTsc().createPairReader(this.reading);
    this.read();
  }
}
