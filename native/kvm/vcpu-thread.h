// Runs a machine's vCPU on a thread of its own and records each interrupt that the guest reports.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "machine.h"
#include "ring.h"

namespace tscope::kvm {

// Why the guest cannot go on: KVM_RUN's errno, or an exit that this guest never makes.
struct Death {
  int error = 0;
  uint32_t exitReason = 0;
  uint64_t detail = 0;
};

class VcpuThread {
 public:
  explicit VcpuThread(std::unique_ptr<Machine> machine);
  ~VcpuThread();

  // Starts the thread, parked.
  Failure Start();
  void Resume();
  // The local APIC's state for the next run. The vCPU's own thread sets it just before it enters the guest, so
  // that a timer which it starts is not late from the beginning.
  void SetNext(const kvm_lapic_state& state);
  // Asks the vCPU to leave the guest and waits at most `ms` for it: false where it has not left by then.
  bool Pause(int ms);
  // Neither running nor about to run: the vCPU's ioctls answer at once.
  bool Parked();
  // True, and `death` filled, once the guest cannot go on.
  bool Dead(Death* death);

  Machine& machine() { return *shared_->machine; }
  Ring& ring() { return shared_->ring; }

 private:
  enum class Want { kPark, kRun, kEnd };

  // What both threads use. The vCPU's thread holds a share, so that one which the kernel does not let go of
  // can be left behind without harm.
  struct Shared {
    explicit Shared(std::unique_ptr<Machine> m);
    std::unique_ptr<Machine> machine;
    Ring ring;
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<kvm_lapic_state> next;
    std::atomic<Want> want{Want::kPark};
    bool parked = true;
    bool ended = false;
    bool dead = false;
    Death death;
  };

  static void* Main(void* shared);
  static void RunUntilUnwanted(Shared* shared);
  static bool SetLapic(Shared* shared, const kvm_lapic_state& state);
  static bool RunOnce(Shared* shared);
  static bool Die(Shared* shared, const Death& death);
  static void Record(Shared* shared, RecordKind kind);
  static void Park(Shared* shared);
  void Ask(Want want);
  bool Finish();

  std::shared_ptr<Shared> shared_;
  pthread_t thread_{};
  bool started_ = false;
};

}  // namespace tscope::kvm
