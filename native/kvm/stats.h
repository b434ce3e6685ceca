// KVM's own counters of a vCPU (KVM_GET_STATS_FD, Linux 5.14 and later).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "resources.h"

namespace tscope::kvm {

using Counters = std::vector<std::pair<std::string, uint64_t>>;

// Opened once, while the vCPU does not run: the ioctl waits for KVM_RUN to end, reads of its descriptor do not.
class Stats {
 public:
  // Not available before Linux 5.14; that is no failure.
  Failure Open(int vcpu);
  bool available() const { return fd_.valid(); }
  // Every counter with a single value.
  Failure Read(Counters* counters) const;

 private:
  Fd fd_;
};

}  // namespace tscope::kvm
