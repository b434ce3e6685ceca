// Many timers due at one instant on one CPU: they keep its timer interrupt busy, so that every other timer of that CPU
// which comes due meanwhile runs late. Child processes own the timers; they end with the thread that started them.
#pragma once

#include <napi.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "resources.h"

namespace tscope::kvm {

// When the first child, running on the CPU, was interrupted, and when it went on: ktime, ns.
struct Stall {
  int64_t from = 0;
  int64_t to = 0;
};

class TimerBurst : public Napi::ObjectWrap<TimerBurst> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit TimerBurst(const Napi::CallbackInfo& info);
  ~TimerBurst() override;

 private:
  struct Child {
    pid_t pid;
    int64_t timers;
    Fd socket;
  };

  Napi::Value Timers(const Napi::CallbackInfo& info);
  Napi::Value Arm(const Napi::CallbackInfo& info);
  Napi::Value Watched(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  // Starts children on `cpu` until they own `timers`, or the kernel allows no more. Fails where it allows none.
  Failure Start(int cpu, int64_t timers);
  Failure StartChild(int cpu, int64_t timers);
  // Has `count` timers expire at `ktime`, and the first child watch. False where not all were armed in time.
  bool ArmAll(int64_t ktime, int64_t count);
  void End();

  std::vector<Child> children_;
  int64_t timers_ = 0;
};

}  // namespace tscope::kvm
