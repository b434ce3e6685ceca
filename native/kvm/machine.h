// A virtual machine with one vCPU and the in-kernel local APIC, ready to run the guest's code.
#pragma once

#include <linux/kvm.h>

#include <cstdint>

#include "resources.h"
#include "stats.h"

namespace tscope::kvm {

enum class Loop { kHalt, kSpin };

class Machine {
 public:
  // Opens /dev/kvm and creates the VM and its vCPU, without local APIC and memory: enough to ask the vCPU.
  Failure Create();
  // Adds what the guest needs to run: memory with its code, and the local APIC in x2APIC mode.
  Failure Prepare(Loop loop);

  Failure GetLapic(kvm_lapic_state* state) const;
  Failure SetLapic(const kvm_lapic_state& state) const;
  // KVM_GET_TSC_KHZ, as the vCPU answers.
  Failure TscKhz(int* khz) const;

  int vcpu() const { return vcpu_.get(); }
  const Stats& stats() const { return stats_; }
  kvm_run* run() const { return static_cast<kvm_run*>(run_.get()); }

 private:
  Failure LoadMemory(Loop loop);
  Failure SetCpuid() const;
  Failure SetRegisters() const;

  Fd kvm_, vm_, vcpu_;
  Mapping memory_, run_;
  Stats stats_;
};

// Local APIC registers by their offset in kvm_lapic_state (Intel SDM, table 11-1).
enum LapicRegister : uint32_t {
  kSpurious = 0xf0,
  kLvtTimer = 0x320,
  kInitialCount = 0x380,
  kCurrentCount = 0x390,
  kDivide = 0x3e0,
};

uint32_t ReadRegister(const kvm_lapic_state& state, LapicRegister offset);
void WriteRegister(kvm_lapic_state* state, LapicRegister offset, uint32_t value);

}  // namespace tscope::kvm
