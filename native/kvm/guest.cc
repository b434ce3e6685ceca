#include "guest.h"

#include <cerrno>

#include "../arguments.h"
#include "../tsc.h"
#include "guest-code.h"

namespace tscope::kvm {
namespace {

constexpr int kLongestWaitMs = 100;
constexpr uint32_t kApicEnabled = 0x1ff;  // software enable, spurious vector 0xff
constexpr uint32_t kPeriodic = 1 << 17;

}  // namespace

Napi::Value ThrowState(Napi::Env env, const char* function, const char* state) {
  Napi::Error::New(env, std::string(function) + ": the guest " + state).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ThrowFailure(Napi::Env env, const Failure& failure) {
  return ThrowSystemError(env, failure.error, failure.syscall);
}

Napi::Function Guest::Define(Napi::Env env) {
  return DefineClass(env, "Guest",
                     {
                         InstanceMethod<&Guest::ThreadId>("threadId"),
                         InstanceMethod<&Guest::Pin>("pin"),
                         InstanceMethod<&Guest::Program>("program"),
                         InstanceMethod<&Guest::Resume>("resume"),
                         InstanceMethod<&Guest::Pause>("pause"),
                         InstanceMethod<&Guest::Drain>("drain"),
                         InstanceMethod<&Guest::Dropped>("dropped"),
                         InstanceMethod<&Guest::SaveLapic>("saveLapic"),
                         InstanceMethod<&Guest::RestoreLapic>("restoreLapic"),
                         InstanceMethod<&Guest::CurrentCount>("currentCount"),
                         InstanceMethod<&Guest::ReadStats>("readStats"),
                         InstanceMethod<&Guest::Death>("death"),
                         InstanceMethod<&Guest::Destroy>("destroy"),
                     });
}

// new Guest(spin): creates the machine, paused, its timer not yet programmed.
Guest::Guest(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Guest>(info) {
  bool spin;
  if (!Arguments(info, "Guest").Boolean(0, "spin", &spin)) return;
  auto machine = std::make_unique<Machine>();
  Failure failure = machine->Create();
  if (!failure) failure = machine->Prepare(spin ? Loop::kSpin : Loop::kHalt);
  auto thread = std::make_unique<VcpuThread>(std::move(machine));
  if (!failure) failure = thread->Start();
  if (failure) {
    ThrowFailure(info.Env(), failure);
    return;
  }
  thread_ = std::move(thread);
}

VcpuThread* Guest::Alive(Napi::Env env, const char* function) {
  if (thread_ == nullptr) ThrowState(env, function, "was destroyed");
  return thread_.get();
}

VcpuThread* Guest::Paused(Napi::Env env, const char* function) {
  VcpuThread* thread = Alive(env, function);
  if (thread == nullptr || thread->Parked()) return thread;
  ThrowState(env, function, "must be paused");
  return nullptr;
}

// threadId() -> the vCPU's thread, as the kernel numbers it.
Napi::Value Guest::ThreadId(const Napi::CallbackInfo& info) {
  VcpuThread* thread = Alive(info.Env(), "threadId");
  if (thread == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), thread->id());
}

// pin(cpu): the vCPU, and with it its timer, stays on that CPU.
Napi::Value Guest::Pin(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int64_t cpu;
  if (!Arguments(info, "pin").Integer(0, "cpu", 0, kMaxCpus - 1, &cpu)) return env.Undefined();
  VcpuThread* thread = Alive(env, "pin");
  if (thread == nullptr) return env.Undefined();
  const Failure failure = thread->Pin(static_cast<int>(cpu));
  return failure ? ThrowFailure(env, failure) : env.Undefined();
}

Napi::Value Guest::Resume(const Napi::CallbackInfo& info) {
  VcpuThread* thread = Alive(info.Env(), "resume");
  if (thread != nullptr) thread->Resume();
  return info.Env().Undefined();
}

// pause() -> whether the vCPU has left the guest; call again until true. Throws where it stays and may not be told to.
Napi::Value Guest::Pause(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  VcpuThread* thread = Alive(env, "pause");
  if (thread == nullptr) return env.Undefined();
  Failure refused;
  const bool left = thread->Pause(kLongestWaitMs, &refused);
  return refused ? ThrowFailure(env, refused) : Napi::Boolean::New(env, left);
}

// drain(out) -> how many records of four words were moved into `out`.
Napi::Value Guest::Drain(const Napi::CallbackInfo& info) {
  Words out;
  if (!Arguments(info, "drain").Array(0, "out", kRecordWords, &out)) return info.Env().Undefined();
  VcpuThread* thread = Alive(info.Env(), "drain");
  if (thread == nullptr) return info.Env().Undefined();
  const size_t records = thread->ring().Drain(out.data, out.length / kRecordWords);
  return Napi::Number::New(info.Env(), static_cast<double>(records));
}

// dropped() -> how many records found no room.
Napi::Value Guest::Dropped(const Napi::CallbackInfo& info) {
  VcpuThread* thread = Alive(info.Env(), "dropped");
  if (thread == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(thread->ring().dropped()));
}

// readStats() -> { name: count }, or null where the kernel keeps none for user space. The guest may run.
Napi::Value Guest::ReadStats(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  VcpuThread* thread = Alive(env, "readStats");
  if (thread == nullptr) return env.Undefined();
  if (!thread->machine().stats().available()) return env.Null();
  Counters stats;
  if (const Failure failure = thread->machine().stats().Read(&stats)) return ThrowFailure(env, failure);
  Napi::Object out = Napi::Object::New(env);
  for (const auto& [name, value] : stats) out.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  return out;
}

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

// death() -> null while the guest can go on, else why it cannot: { errno, exitReason, detail }.
Napi::Value Guest::Death(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  VcpuThread* thread = Alive(env, "death");
  if (thread == nullptr) return env.Undefined();
  const std::optional<kvm::Death> death = thread->death();
  if (!death) return env.Null();
  Napi::Object out = Napi::Object::New(env);
  out.Set("errno", death->error);
  out.Set("exitReason", death->exitReason);
  out.Set("detail", static_cast<double>(death->detail));
  return out;
}

// destroy(): ends the thread and frees the machine. A second call does nothing.
Napi::Value Guest::Destroy(const Napi::CallbackInfo& info) {
  thread_.reset();
  return info.Env().Undefined();
}

}  // namespace tscope::kvm
