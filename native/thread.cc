// Sets up the calling thread for quiet measuring. Linux keeps each of these per thread, but for mlockall.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>

#include "arguments.h"
#include "exports.h"

namespace tscope {
namespace {

// Room for far more CPUs than the 1024 of a plain cpu_set_t.
constexpr int kMaxCpus = 8192;

class CpuSet {
 public:
  CpuSet() : set_(CPU_ALLOC(kMaxCpus)) { CPU_ZERO_S(Size(), set_); }
  ~CpuSet() { CPU_FREE(set_); }
  CpuSet(const CpuSet&) = delete;
  CpuSet& operator=(const CpuSet&) = delete;
  cpu_set_t* get() { return set_; }
  static size_t Size() { return CPU_ALLOC_SIZE(kMaxCpus); }

 private:
  cpu_set_t* set_;
};

Napi::Value Checked(Napi::Env env, int result, const char* syscall) {
  return result == 0 ? env.Undefined() : ThrowSystemError(env, errno, syscall);
}

}  // namespace

Napi::Value GetAffinity(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  CpuSet set;
  if (sched_getaffinity(0, CpuSet::Size(), set.get()) != 0) return ThrowSystemError(env, errno, "sched_getaffinity");
  Napi::Array cpus = Napi::Array::New(env);
  for (int cpu = 0; cpu < kMaxCpus; cpu++) {
    if (CPU_ISSET_S(cpu, CpuSet::Size(), set.get())) cpus.Set(cpus.Length(), cpu);
  }
  return cpus;
}

Napi::Value SetAffinity(const Napi::CallbackInfo& info) {
  std::vector<int64_t> cpus;
  if (!Arguments(info, "setAffinity").Integers(0, "cpus", 0, kMaxCpus - 1, &cpus)) return info.Env().Undefined();
  CpuSet set;
  for (const int64_t cpu : cpus) CPU_SET_S(static_cast<int>(cpu), CpuSet::Size(), set.get());
  return Checked(info.Env(), sched_setaffinity(0, CpuSet::Size(), set.get()), "sched_setaffinity");
}

// setFifoPriority(n): SCHED_FIFO at n; 0 goes back to SCHED_OTHER.
Napi::Value SetFifoPriority(const Napi::CallbackInfo& info) {
  int64_t priority;
  if (!Arguments(info, "setFifoPriority").Integer(0, "priority", 0, 99, &priority)) return info.Env().Undefined();
  sched_param param{};
  param.sched_priority = static_cast<int>(priority);
  return Checked(info.Env(), sched_setscheduler(0, priority == 0 ? SCHED_OTHER : SCHED_FIFO, &param),
                 "sched_setscheduler");
}

Napi::Value GetTimerSlack(const Napi::CallbackInfo& info) {
  const int slack = prctl(PR_GET_TIMERSLACK);
  return slack < 0 ? ThrowSystemError(info.Env(), errno, "prctl") : Napi::Number::New(info.Env(), slack);
}

// setTimerSlack(ns): 0 goes back to the thread's default.
Napi::Value SetTimerSlack(const Napi::CallbackInfo& info) {
  int64_t ns;
  if (!Arguments(info, "setTimerSlack").Integer(0, "ns", 0, 1000000000, &ns)) return info.Env().Undefined();
  return Checked(info.Env(), prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(ns)), "prctl");
}

// Locks pages as they are touched: V8 reserves far more address space than it uses.
Napi::Value LockMemory(const Napi::CallbackInfo& info) {
  return Checked(info.Env(), mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), "mlockall");
}

Napi::Value UnlockMemory(const Napi::CallbackInfo& info) { return Checked(info.Env(), munlockall(), "munlockall"); }

// dieWithParent(): SIGKILL, which ends a stopped process too, as soon as the thread that started this one ends.
Napi::Value DieWithParent(const Napi::CallbackInfo& info) {
  return Checked(info.Env(), prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
}

}  // namespace tscope
