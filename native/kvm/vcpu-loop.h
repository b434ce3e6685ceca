// The vCPU's own thread: runs the guest, and records each interrupt that it reports.
#pragma once

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

enum class Want { kPark, kRun, kEnd };

// What the vCPU's thread and the one that steers it share. The fields after `mutex` are under it, but for the reads
// of `want` in the loop.
struct Vcpu {
  explicit Vcpu(std::unique_ptr<Machine> m);
  const std::unique_ptr<Machine> machine;
  Ring ring;
  std::mutex mutex;
  std::condition_variable changed;
  // The local APIC's state for the next run.
  std::optional<kvm_lapic_state> next;
  std::atomic<Want> want{Want::kPark};
  bool parked = true;
  pid_t thread = 0;
  bool ended = false;
  std::optional<Death> death;
};

// The vCPU's thread blocks every signal, and KVM_RUN alone lets this one through. So it ends KVM_RUN without a
// handler: nothing of the process's signal set-up is touched, and none is lost between a check and KVM_RUN.
int KickSignal();
Failure AllowKick(int vcpu);

// Until `want` is kEnd. Every signal must be blocked.
void RunVcpu(Vcpu* vcpu);

}  // namespace tscope::kvm
