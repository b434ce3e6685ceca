// The guest's local APIC: its timer started, its state saved and restored, its count read.
#include "../arguments.h"
#include "../tsc.h"
#include "guest-code.h"
#include "guest.h"

namespace tscope::kvm {
namespace {

constexpr uint32_t kApicEnabled = 0x1ff;  // software enable, spurious vector 0xff
constexpr uint32_t kPeriodic = 1 << 17;

}  // namespace

// program(divide, initialCount): the next resume starts the periodic timer. `divide` is the divide configuration
// register's value.
Napi::Value Guest::Program(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Arguments args(info, "program");
  int64_t divide, initialCount;
  if (!args.Integer(0, "divide", 0, 0xb, &divide) ||
      !args.Integer(1, "initialCount", 1, UINT32_MAX, &initialCount)) {
    return env.Undefined();
  }
  VcpuThread* thread = Paused(env, "program");
  if (thread == nullptr) return env.Undefined();
  kvm_lapic_state state;
  if (const Failure failure = thread->machine().GetLapic(&state)) return ThrowFailure(env, failure);
  WriteRegister(&state, kSpurious, kApicEnabled);
  WriteRegister(&state, kLvtTimer, kPeriodic | kTimerVector);
  WriteRegister(&state, kDivide, static_cast<uint32_t>(divide));
  WriteRegister(&state, kInitialCount, static_cast<uint32_t>(initialCount));
  WriteRegister(&state, kCurrentCount, static_cast<uint32_t>(initialCount));
  thread->SetNext(state);
  return env.Undefined();
}

// KVM_GET_LAPIC into `state`, for a paused guest; out[0] and out[1] are ktime before and after. Answers TMCCT.
Napi::Value Guest::ReadLapic(const Napi::CallbackInfo& info, const char* function, kvm_lapic_state* state) {
  Napi::Env env = info.Env();
  Words out;
  if (!Arguments(info, function).Array(0, "out", 2, &out)) return env.Undefined();
  VcpuThread* thread = Paused(env, function);
  if (thread == nullptr) return env.Undefined();
  out.data[0] = ReadKtime();
  if (const Failure failure = thread->machine().GetLapic(state)) return ThrowFailure(env, failure);
  out.data[1] = ReadKtime();
  return Napi::Number::New(env, ReadRegister(*state, kCurrentCount));
}

// saveLapic(out) -> TMCCT: keeps the local APIC's state for restoreLapic.
Napi::Value Guest::SaveLapic(const Napi::CallbackInfo& info) {
  kvm_lapic_state state;
  const Napi::Value count = ReadLapic(info, "saveLapic", &state);
  if (count.IsNumber()) saved_ = state;
  return count;
}

// restoreLapic(): the next resume puts back what saveLapic kept.
Napi::Value Guest::RestoreLapic(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  VcpuThread* thread = Paused(env, "restoreLapic");
  if (thread == nullptr) return env.Undefined();
  if (!saved_) return ThrowState(env, "restoreLapic", "has no saved local APIC");
  thread->SetNext(*saved_);
  return env.Undefined();
}

// currentCount(out) -> TMCCT.
Napi::Value Guest::CurrentCount(const Napi::CallbackInfo& info) {
  kvm_lapic_state state;
  return ReadLapic(info, "currentCount", &state);
}

}  // namespace tscope::kvm
