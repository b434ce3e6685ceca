// Starts, steers and ends a vCPU's thread.
#pragma once

#include <pthread.h>

#include <memory>

#include "vcpu-loop.h"

namespace tscope::kvm {

class VcpuThread {
 public:
  explicit VcpuThread(std::unique_ptr<Machine> machine);
  ~VcpuThread();

  // Starts the thread, parked.
  Failure Start();
  // As the kernel numbers threads.
  pid_t id() const { return vcpu_->thread; }
  Failure Pin(int cpu);
  void Resume();
  // The local APIC's state for the next run. The vCPU's own thread sets it just before it enters the guest, so
  // that a timer which it starts is not late from the beginning.
  void SetNext(const kvm_lapic_state& state);
  // Asks the vCPU to leave the guest and waits at most `ms` for it: false where it has not left by then, and `refused`
  // is the signal's failure, if it failed.
  bool Pause(int ms, Failure* refused);
  // Neither running nor about to run: the vCPU's ioctls answer at once.
  bool Parked();
  // Set once the guest cannot go on.
  std::optional<Death> death();

  Machine& machine() { return *vcpu_->machine; }
  Ring& ring() { return vcpu_->ring; }

 private:
  void Ask(Want want);
  bool Finish();

  // The thread holds a share, so that one which the kernel does not let go of can be left behind without harm.
  std::shared_ptr<Vcpu> vcpu_;
  pthread_t thread_{};
  bool started_ = false;
  int kickError_ = 0;
};

}  // namespace tscope::kvm
