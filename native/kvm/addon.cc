// Every export of the second addon. src/native.ts types and documents each.
#include <napi.h>

#include "../arguments.h"
#include "guest.h"
#include "timer-burst.h"

namespace tscope::kvm {

// tscKhz() -> what KVM_GET_TSC_KHZ answers for a new vCPU.
static Napi::Value TscKhz(const Napi::CallbackInfo& info) {
  Machine machine;
  int khz = 0;
  Failure failure = machine.Create();
  if (!failure) failure = machine.TscKhz(&khz);
  return failure ? ThrowFailure(info.Env(), failure) : Napi::Number::New(info.Env(), khz);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("sourceHash", TSCOPE_SOURCE_HASH);
  exports.Set("tscKhz", Napi::Function::New(env, TscKhz, "tscKhz"));
  exports.Set("Guest", Guest::Define(env));
  exports.Set("TimerBurst", TimerBurst::Define(env));
  return exports;
}

}  // namespace tscope::kvm

using tscope::kvm::Init;

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
