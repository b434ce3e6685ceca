// A set of CPUs as the scheduler's calls take it.
#pragma once

#include <sched.h>

namespace tscope {

// Room for far more CPUs than the 1024 of a plain cpu_set_t.
constexpr int kMaxCpus = 8192;

class CpuSet {
 public:
  CpuSet() : set_(CPU_ALLOC(kMaxCpus)) { CPU_ZERO_S(Size(), set_); }
  ~CpuSet() { CPU_FREE(set_); }
  CpuSet(const CpuSet&) = delete;
  CpuSet& operator=(const CpuSet&) = delete;
  void Add(int cpu) { CPU_SET_S(cpu, Size(), set_); }
  bool Has(int cpu) const { return CPU_ISSET_S(cpu, Size(), set_); }
  cpu_set_t* get() { return set_; }
  static size_t Size() { return CPU_ALLOC_SIZE(kMaxCpus); }

 private:
  cpu_set_t* set_;
};

}  // namespace tscope
