// Sets up the calling thread for quiet measuring. Linux keeps each of these per thread.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "cpu-set.h"
#include "exports.h"

namespace tscope {
namespace {

int SetScheduler(int policy, int64_t priority) {
  sched_param param{};
  param.sched_priority = static_cast<int>(priority);
  return sched_setscheduler(0, policy, &param);
}

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
    if (set.Has(cpu)) cpus.Set(cpus.Length(), cpu);
  }
  return cpus;
}

Napi::Value SetAffinity(const Napi::CallbackInfo& info) {
  std::vector<int64_t> cpus;
  if (!Arguments(info, "setAffinity").Integers(0, "cpus", 0, kMaxCpus - 1, kMaxCpus, &cpus)) return info.Env().Undefined();
  CpuSet set;
  for (const int64_t cpu : cpus) set.Add(static_cast<int>(cpu));
  return Checked(info.Env(), sched_setaffinity(0, CpuSet::Size(), set.get()), "sched_setaffinity");
}

// setFifoPriority(n): SCHED_FIFO at n; 0 goes back to SCHED_OTHER.
Napi::Value SetFifoPriority(const Napi::CallbackInfo& info) {
  int64_t priority;
  if (!Arguments(info, "setFifoPriority").Integer(0, "priority", 0, 99, &priority)) return info.Env().Undefined();
  return Checked(info.Env(), SetScheduler(priority == 0 ? SCHED_OTHER : SCHED_FIFO, priority), "sched_setscheduler");
}

Napi::Value GetTimerSlack(const Napi::CallbackInfo& info) {
  const int slack = prctl(PR_GET_TIMERSLACK);
  return slack < 0 ? ThrowSystemError(info.Env(), errno, "prctl") : Napi::Number::New(info.Env(), slack);
}

// setSlice(ns): how long an ordinary thread runs before the next one's turn; what asks for less comes sooner when it wakes
// (Linux 6.12; older kernels take it and change nothing). See sched(7); the C library has no call for it.
Napi::Value SetSlice(const Napi::CallbackInfo& info) {
  int64_t ns;
  if (!Arguments(info, "setSlice").Integer(0, "ns", 100000, 100000000, &ns)) return info.Env().Undefined();
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes{};
  attributes.size = sizeof attributes;
  attributes.policy = SCHED_OTHER;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  attributes.runtime = static_cast<uint64_t>(ns);
  return Checked(info.Env(), static_cast<int>(syscall(SYS_sched_setattr, 0, &attributes, 0)), "sched_setattr");
}

// setTimerSlack(ns): 0 goes back to the thread's default.
Napi::Value SetTimerSlack(const Napi::CallbackInfo& info) {
  int64_t ns;
  if (!Arguments(info, "setTimerSlack").Integer(0, "ns", 0, 1000000000, &ns)) return info.Env().Undefined();
  return Checked(info.Env(), prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(ns)), "prctl");
}

// tryFifoPriority(n): SCHED_FIFO at n on a thread of its own. A privilege is only half of what it takes: the budget of a
// real-time cgroup may be 0, a filter may refuse the call.
Napi::Value TryFifoPriority(const Napi::CallbackInfo& info) {
  int64_t priority;
  if (!Arguments(info, "tryFifoPriority").Integer(0, "priority", 1, 99, &priority)) return info.Env().Undefined();
  const auto attempt = [](void* wanted) -> void* {
    int64_t* word = static_cast<int64_t*>(wanted);
    *word = SetScheduler(SCHED_FIFO, *word) == 0 ? 0 : errno;
    return nullptr;
  };
  pthread_t thread;
  const int created = pthread_create(&thread, nullptr, attempt, &priority);
  if (created != 0) return ThrowSystemError(info.Env(), created, "pthread_create");
  pthread_join(thread, nullptr);
  const int error = static_cast<int>(priority);
  return error == 0 ? info.Env().Undefined() : ThrowSystemError(info.Env(), error, "sched_setscheduler");
}

// exitNow(code): without exit handlers, which wait for threads that a system call may hold for good.
Napi::Value ExitNow(const Napi::CallbackInfo& info) {
  int64_t code;
  if (!Arguments(info, "exitNow").Integer(0, "code", 0, 255, &code)) return info.Env().Undefined();
  _exit(static_cast<int>(code));
}

// dieWithParent(): SIGKILL, which ends a stopped process too, as soon as the thread that started this one ends.
Napi::Value DieWithParent(const Napi::CallbackInfo& info) {
  return Checked(info.Env(), prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
}

}  // namespace tscope
