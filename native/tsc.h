// The time-stamp counter, read so that neither earlier nor later instructions pass the read.
#pragma once

#include <time.h>
#include <x86intrin.h>

#include <cstdint>

namespace tscope {

inline uint64_t ReadTsc() {
  _mm_lfence();
  const uint64_t tsc = __rdtsc();
  _mm_lfence();
  return tsc;
}

// RDTSCP waits for all earlier instructions by itself; Linux keeps (node << 12 | cpu) in TSC_AUX.
inline uint64_t ReadTscAndCpu(uint32_t* cpu) {
  uint32_t aux;
  const uint64_t tsc = __rdtscp(&aux);
  _mm_lfence();
  *cpu = aux & 0xfff;
  return tsc;
}

inline int64_t ToNs(const timespec& t) { return t.tv_sec * int64_t{1000000000} + t.tv_nsec; }

inline timespec ToTimespec(int64_t ns) {
  return {static_cast<time_t>(ns / 1000000000), static_cast<long>(ns % 1000000000)};
}

inline int64_t ReadKtime() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return ToNs(t);
}

// ktime (CLOCK_MONOTONIC, ns), then the TSC.
inline void ReadPair(int64_t* pair) {
  pair[0] = ReadKtime();
  pair[1] = static_cast<int64_t>(ReadTsc());
}

}  // namespace tscope
