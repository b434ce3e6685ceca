// Compares the TSCs of two CPUs: one thread on each, and a word of shared memory that goes to and fro.
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "arguments.h"
#include "cpu-set.h"
#include "exports.h"
#include "tsc.h"

namespace tscope {
namespace {

constexpr size_t kRound = 3;  // TSC here, TSC there, TSC here again
constexpr int64_t kLongestNs = 100000000;
constexpr int64_t kStop = -1;

// Each side writes words of its own, on cache lines of their own.
struct Exchange {
  alignas(64) std::atomic<int64_t> asked{0};
  alignas(64) std::atomic<int64_t> answered{0};
  int64_t tsc = 0;
};

// Answers each round with the TSC of the CPU it runs on, until it is told to stop.
void* Answer(void* argument) {
  const std::unique_ptr<std::shared_ptr<Exchange>> held(static_cast<std::shared_ptr<Exchange>*>(argument));
  Exchange& exchange = **held;
  for (int64_t round = 1;; round++) {
    int64_t asked;
    while ((asked = exchange.asked.load(std::memory_order_acquire)) != round) {
      if (asked == kStop) return nullptr;
      _mm_pause();
    }
    exchange.tsc = static_cast<int64_t>(ReadTsc());
    exchange.answered.store(round, std::memory_order_release);
  }
}

// Starts `Answer` on `cpu`. The thread is detached and shares the memory: where its CPU is taken by a real-time
// task it may start long after the caller has given up. (The addon is linked to stay loaded.)
int StartOn(int cpu, const std::shared_ptr<Exchange>& exchange) {
  CpuSet set;
  set.Add(cpu);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int error = pthread_attr_setaffinity_np(&attributes, CpuSet::Size(), set.get());
  pthread_t thread;
  if (error == 0) {
    auto held = std::make_unique<std::shared_ptr<Exchange>>(exchange);
    error = pthread_create(&thread, &attributes, Answer, held.get());
    if (error == 0) held.release();
  }
  pthread_attr_destroy(&attributes);
  return error;
}

}  // namespace

// exchangeTsc(cpu, out) -> the number of rounds done in at most 100 ms: rows of (TSC of this thread, TSC of a thread
// on `cpu`, TSC of this thread), each read after the one before it.
Napi::Value ExchangeTsc(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Arguments args(info, "exchangeTsc");
  int64_t cpu;
  Words out;
  if (!args.Integer(0, "cpu", 0, kMaxCpus - 1, &cpu) || !args.Array(1, "out", kRound, &out) ||
      ThrowUnlessTscReadable(env)) {
    return env.Undefined();
  }
  const auto exchange = std::make_shared<Exchange>();
  const int error = StartOn(static_cast<int>(cpu), exchange);
  if (error != 0) return ThrowSystemError(env, error, "pthread_create");
  const int64_t latest = ReadKtime() + kLongestNs;
  const int64_t rounds = static_cast<int64_t>(out.length / kRound);
  int64_t done = 0;
  for (bool late = false; done < rounds && !late;) {
    int64_t* row = out.data + static_cast<size_t>(done) * kRound;
    const int64_t round = done + 1;
    row[0] = static_cast<int64_t>(ReadTsc());
    exchange->asked.store(round, std::memory_order_release);
    for (uint32_t spins = 1; exchange->answered.load(std::memory_order_acquire) != round && !late; spins++) {
      late = spins % 1024 == 0 && ReadKtime() > latest;
      _mm_pause();
    }
    row[2] = static_cast<int64_t>(ReadTsc());
    row[1] = exchange->tsc;
    if (!late) done = round;
  }
  exchange->asked.store(kStop, std::memory_order_release);
  return Napi::Number::New(env, static_cast<double>(done));
}

}  // namespace tscope
