// The guest as JavaScript sees it.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "vcpu-thread.h"

namespace tscope::kvm {

class Guest : public Napi::ObjectWrap<Guest> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Guest(const Napi::CallbackInfo& info);

 private:
  Napi::Value ThreadId(const Napi::CallbackInfo& info);
  Napi::Value Pin(const Napi::CallbackInfo& info);
  Napi::Value Program(const Napi::CallbackInfo& info);
  Napi::Value Resume(const Napi::CallbackInfo& info);
  Napi::Value Pause(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value Dropped(const Napi::CallbackInfo& info);
  Napi::Value SaveLapic(const Napi::CallbackInfo& info);
  Napi::Value RestoreLapic(const Napi::CallbackInfo& info);
  Napi::Value CurrentCount(const Napi::CallbackInfo& info);
  Napi::Value ReadStats(const Napi::CallbackInfo& info);
  Napi::Value Death(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  Napi::Value ReadLapic(const Napi::CallbackInfo& info, const char* function, kvm_lapic_state* state);
  // The vCPU's ioctls wait for KVM_RUN to end, so they are refused unless the guest is paused.
  VcpuThread* Paused(Napi::Env env, const char* function);
  VcpuThread* Alive(Napi::Env env, const char* function);

  std::unique_ptr<VcpuThread> thread_;
  std::optional<kvm_lapic_state> saved_;
};

Napi::Value ThrowFailure(Napi::Env env, const Failure& failure);
// For a call that the guest's state does not allow: "pause: the guest was destroyed".
Napi::Value ThrowState(Napi::Env env, const char* function, const char* state);

}  // namespace tscope::kvm
