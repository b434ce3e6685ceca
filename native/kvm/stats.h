// KVM's own counters of a vCPU (KVM_GET_STATS_FD, Linux 5.14 and later).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "machine.h"

namespace tscope::kvm {

using Stats = std::vector<std::pair<std::string, uint64_t>>;

// Every counter with a single value. ENOSYS where the kernel has no such descriptor.
Failure ReadStats(int vcpu, Stats* stats);

}  // namespace tscope::kvm
