// advance_periodic_target_expiration in native code, under catch-up and under clamp: what the clamp costs where no
// JavaScript engine stands between the steps and the CPU. It prices that one comparison and is used for nothing else;
// the model is src/lapic.
#include "arguments.h"
#include "exports.h"
#include "tsc.h"

namespace tscope {
namespace {

constexpr size_t kRow = 2;         // cycles of a batch under catch-up, cycles of a batch under clamp
constexpr size_t kMostRows = 10000;  // about 60 ms
constexpr int kBatch = 100;        // one advance takes some tens of ns, and a TSC may step by ten

struct Timer {
  int64_t period, target;
  uint64_t tscdeadline, offset, mult;
  int shift;
};

uint64_t Cycles(const Timer& timer, int64_t ns) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(static_cast<uint64_t>(ns) << timer.shift) * timer.mult) >> 32);
}

template <bool kClamp>
[[gnu::noinline]] void Advance(Timer* timer) {
  int64_t now[2];
  ReadPair(now);
  timer->target += timer->period;
  if (kClamp && timer->target < now[0]) timer->target = now[0];
  timer->tscdeadline = static_cast<uint64_t>(now[1]) + timer->offset + Cycles(*timer, timer->target - now[0]);
}

// The target runs ahead of the clock by a period each time, so there is no lag.
template <bool kClamp>
int64_t TimeBatch(Timer* timer) {
  const uint64_t begin = ReadTsc();
  for (int i = 0; i < kBatch; i++) Advance<kClamp>(timer);
  return static_cast<int64_t>(ReadTsc() - begin);
}

}  // namespace

// timeReferenceAdvances(out): fills rows of two words with the TSC cycles of 100 advances under catch-up, and of 100
// under clamp; the two take turns at going first.
Napi::Value TimeReferenceAdvances(const Napi::CallbackInfo& info) {
  Words out;
  if (!Arguments(info, "timeReferenceAdvances").Array(0, "out", kRow, kRow * kMostRows, &out) ||
      ThrowUnlessTscReadable(info.Env())) {
    return info.Env().Undefined();
  }
  // A guest of 2.6 GHz: shift 2, mult 0xa6666666.
  Timer catchUp = {1000000, ReadKtime(), 0, 0, 0xa6666666, 2};
  Timer clamp = catchUp;
  for (size_t i = 0; i < out.length; i += kRow) {
    const bool clampFirst = (i / kRow) % 2 == 1;
    if (clampFirst) out.data[i + 1] = TimeBatch<true>(&clamp);
    out.data[i] = TimeBatch<false>(&catchUp);
    if (!clampFirst) out.data[i + 1] = TimeBatch<true>(&clamp);
  }
  return info.Env().Undefined();
}

}  // namespace tscope
