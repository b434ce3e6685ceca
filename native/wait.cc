// Waits for a moment, then reads (ktime, TSC) into out. A wait lasts at most kLongestWaitNs: JavaScript calls
// again until `true` comes back, so a worker that is terminated in the middle leaves within that time.
#include <cerrno>

#include "arguments.h"
#include "exports.h"
#include "tsc.h"

namespace tscope {
namespace {

constexpr int64_t kLongestWaitNs = 100000000;

// False where the deadline is further away than one wait may last.
bool SleepUntilKtime(int64_t deadline) {
  const int64_t latest = ReadKtime() + kLongestWaitNs;
  const timespec wake = ToTimespec(deadline < latest ? deadline : latest);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, nullptr) == EINTR) {
  }
  return deadline < latest;
}

template <typename Reached>
bool SpinUntil(Reached reached) {
  const int64_t latest = ReadKtime() + kLongestWaitNs;
  for (uint32_t i = 1; !reached(); i++) {
    if (i % 1024 == 0 && ReadKtime() > latest) return false;
    _mm_pause();
  }
  return true;
}

Napi::Value Finish(Napi::Env env, bool reached, const Words& out) {
  ReadPair(out.data);
  return Napi::Boolean::New(env, reached);
}

}  // namespace

// sleepUntil(ktime, out) -> reached.
Napi::Value SleepUntil(const Napi::CallbackInfo& info) {
  const Arguments args(info, "sleepUntil");
  int64_t deadline;
  Words out;
  if (!args.BigInt(0, "ktime", 0, INT64_MAX, &deadline) || !args.Array(1, "out", 2, &out)) return info.Env().Undefined();
  return Finish(info.Env(), SleepUntilKtime(deadline), out);
}

// spinUntilTsc(tsc, out) -> reached.
Napi::Value SpinUntilTsc(const Napi::CallbackInfo& info) {
  const Arguments args(info, "spinUntilTsc");
  uint64_t deadline;
  Words out;
  if (!args.Unsigned(0, "tsc", &deadline) || !args.Array(1, "out", 2, &out)) return info.Env().Undefined();
  return Finish(info.Env(), SpinUntil([=] { return __rdtsc() >= deadline; }), out);
}

// sleepThenSpin(ktime, spinNs, out) -> reached: sleeps until spinNs before ktime, then spins.
Napi::Value SleepThenSpin(const Napi::CallbackInfo& info) {
  const Arguments args(info, "sleepThenSpin");
  int64_t deadline, spinNs;
  Words out;
  if (!args.BigInt(0, "ktime", 0, INT64_MAX, &deadline) ||
      !args.Integer(1, "spinNs", 0, kLongestWaitNs, &spinNs) || !args.Array(2, "out", 2, &out)) {
    return info.Env().Undefined();
  }
  const bool slept = deadline <= spinNs || SleepUntilKtime(deadline - spinNs);
  return Finish(info.Env(), slept && SpinUntil([=] { return ReadKtime() >= deadline; }), out);
}

}  // namespace tscope
