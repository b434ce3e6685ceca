// CPUID, and whether this thread may execute RDTSC at all.
#include <cpuid.h>
#include <sys/prctl.h>

#include <cerrno>

#include "arguments.h"
#include "exports.h"

namespace tscope {

// prctl(PR_SET_TSC, PR_TSC_SIGSEGV) makes RDTSC fault; a kernel without the call (EINVAL) never forbids it. Answers
// errno where the question is refused.
static int AskTscMode(int* mode) {
  *mode = PR_TSC_ENABLE;
  return prctl(PR_GET_TSC, mode) == 0 || errno == EINVAL ? 0 : errno;
}

// Asked once for each thread: a system call at each read would cost ten times the read. Where the question is refused,
// reading is not taken to be.
bool TscReadable() {
  static thread_local const bool readable = [] {
    int mode;
    return AskTscMode(&mode) != 0 || mode == PR_TSC_ENABLE;
  }();
  return readable;
}

// CPUID 8000_0001 EDX[27]. Asked once: CPUID leaves a virtual machine, which takes microseconds.
bool HasRdtscp() {
  static const bool present = [] {
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && ((edx >> 27) & 1);
  }();
  return present;
}

Napi::Value TscReadable(const Napi::CallbackInfo& info) {
  int mode;
  const int error = AskTscMode(&mode);
  if (error != 0) return ThrowSystemError(info.Env(), error, "prctl PR_GET_TSC");
  return Napi::Boolean::New(info.Env(), mode == PR_TSC_ENABLE);
}

// cpuid(leaf, subleaf) -> [eax, ebx, ecx, edx]. Leaves beyond the CPU's range answer as the CPU does.
Napi::Value Cpuid(const Napi::CallbackInfo& info) {
  const Arguments args(info, "cpuid");
  int64_t leaf, subleaf;
  if (!args.Integer(0, "leaf", 0, UINT32_MAX, &leaf) || !args.Integer(1, "subleaf", 0, UINT32_MAX, &subleaf)) {
    return info.Env().Undefined();
  }
  unsigned registers[4];
  __cpuid_count(static_cast<unsigned>(leaf), static_cast<unsigned>(subleaf), registers[0], registers[1], registers[2],
                registers[3]);
  Napi::Array out = Napi::Array::New(info.Env(), 4);
  for (uint32_t i = 0; i < 4; i++) out.Set(i, registers[i]);
  return out;
}

}  // namespace tscope
