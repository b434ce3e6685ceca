// Reads of the TSC and of the kernel's clocks.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "exports.h"
#include "tsc.h"

namespace tscope {
namespace {

constexpr size_t kPair = 2;     // ktime, TSC
constexpr size_t kBracket = 4;  // TSC before, clock, TSC after, CPU (-1: it changed in between)
// A call is done within 100 ms where a row takes 1.5 us (a clock that is no TSC, read by the system call), so that a
// worker that is terminated leaves within that time, as from a wait.
constexpr size_t kMostRows = 65536;

int ReadClock(clockid_t clock, timespec* t) { return clock_gettime(clock, t) == 0 ? 0 : errno; }

int ReadClockBySyscall(clockid_t clock, timespec* t) { return syscall(SYS_clock_gettime, clock, t) == 0 ? 0 : errno; }

uint64_t ReadTscAndCpuWithoutRdtscp(uint32_t* cpu) {
  *cpu = static_cast<uint32_t>(sched_getcpu());
  return ReadTsc();
}

// Both ways of reading are template arguments, so that the loop holds no branch and no indirect call.
template <int (*Clock)(clockid_t, timespec*), uint64_t (*Tsc)(uint32_t*)>
int FillBrackets(clockid_t clock, const Words& out) {
  for (size_t i = 0; i < out.length; i += kBracket) {
    timespec t;
    uint32_t before, after;
    int64_t* row = out.data + i;
    row[0] = static_cast<int64_t>(Tsc(&before));
    const int error = Clock(clock, &t);
    row[2] = static_cast<int64_t>(Tsc(&after));
    if (error != 0) return error;
    row[1] = ToNs(t);
    row[3] = before == after ? static_cast<int64_t>(before) : -1;
  }
  return 0;
}

napi_value ReadPairIntoBuffer(napi_env env, napi_callback_info info) {
  void* pair;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &pair) == napi_ok) ReadPair(static_cast<int64_t*>(pair));
  return nullptr;
}

napi_value ReadTscIntoBuffer(napi_env env, napi_callback_info info) {
  void* word;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &word) == napi_ok) {
    *static_cast<int64_t*>(word) = static_cast<int64_t>(ReadTsc());
  }
  return nullptr;
}

// A function without arguments that fills `target`, an array on shared memory. Such memory cannot be detached, so
// the function need not check it at each call: that makes one read cost about 45 ns instead of 75.
Napi::Value BindReader(const Napi::CallbackInfo& info, const Words& target, napi_callback read, const char* name) {
  Napi::Env env = info.Env();
  napi_value reader;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, read, target.data, &reader) != napi_ok) return env.Undefined();
  // The function holds its array, and so the memory, for as long as it lives.
  Napi::Object(env, reader).DefineProperty(Napi::PropertyDescriptor::Value("target", info[0], napi_enumerable));
  return Napi::Value(env, reader);
}

}  // namespace

bool ThrowUnlessTscReadable(Napi::Env env) {
  if (TscReadable()) return false;
  Napi::Error error = Napi::Error::New(env, "rdtsc is forbidden in this thread (prctl PR_SET_TSC)");
  error.Set("code", Napi::String::New(env, "TSC_FORBIDDEN"));
  error.ThrowAsJavaScriptException();
  return true;
}

// rdtscp(out): out[0] = TSC, out[1] = CPU.
Napi::Value Rdtscp(const Napi::CallbackInfo& info) {
  Words out;
  if (!Arguments(info, "rdtscp").Array(0, "out", 2, &out) || ThrowUnlessTscReadable(info.Env())) {
    return info.Env().Undefined();
  }
  uint32_t cpu;
  out.data[0] = static_cast<int64_t>(HasRdtscp() ? ReadTscAndCpu(&cpu) : ReadTscAndCpuWithoutRdtscp(&cpu));
  out.data[1] = cpu;
  return info.Env().Undefined();
}

// createPairReader(pair) -> a function without arguments that reads ktime into pair[0], then the TSC into pair[1].
Napi::Value CreatePairReader(const Napi::CallbackInfo& info) {
  Words pair;
  if (!Arguments(info, "createPairReader").SharedArray(0, "pair", kPair, &pair) || ThrowUnlessTscReadable(info.Env())) {
    return info.Env().Undefined();
  }
  return BindReader(info, pair, ReadPairIntoBuffer, "readPair");
}

// createTscReader(word) -> a function without arguments that reads the TSC into word[0].
Napi::Value CreateTscReader(const Napi::CallbackInfo& info) {
  Words word;
  if (!Arguments(info, "createTscReader").SharedArray(0, "word", 1, &word) || ThrowUnlessTscReadable(info.Env())) {
    return info.Env().Undefined();
  }
  return BindReader(info, word, ReadTscIntoBuffer, "readTsc");
}

// readBrackets(clockId, bySyscall, out): fills each row of four words of `out`.
Napi::Value ReadBrackets(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Arguments args(info, "readBrackets");
  int64_t clock;
  bool bySyscall;
  Words out;
  if (!args.Integer(0, "clockId", INT32_MIN, INT32_MAX, &clock) || !args.Boolean(1, "bySyscall", &bySyscall) ||
      !args.Array(2, "out", kBracket, kBracket * kMostRows, &out) || ThrowUnlessTscReadable(env)) {
    return env.Undefined();
  }
  const clockid_t id = static_cast<clockid_t>(clock);
  const bool rdtscp = HasRdtscp();
  const auto fill = bySyscall ? (rdtscp ? FillBrackets<ReadClockBySyscall, ReadTscAndCpu>
                                        : FillBrackets<ReadClockBySyscall, ReadTscAndCpuWithoutRdtscp>)
                              : (rdtscp ? FillBrackets<ReadClock, ReadTscAndCpu>
                                        : FillBrackets<ReadClock, ReadTscAndCpuWithoutRdtscp>);
  const int error = fill(id, out);
  return error == 0 ? env.Undefined() : ThrowSystemError(env, error, "clock_gettime");
}

// clockResolution(clockId) -> ns as a bigint.
Napi::Value ClockResolution(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int64_t clock;
  if (!Arguments(info, "clockResolution").Integer(0, "clockId", INT32_MIN, INT32_MAX, &clock)) return env.Undefined();
  timespec resolution;
  if (clock_getres(static_cast<clockid_t>(clock), &resolution) != 0) return ThrowSystemError(env, errno, "clock_getres");
  return Napi::BigInt::New(env, ToNs(resolution));
}

}  // namespace tscope
