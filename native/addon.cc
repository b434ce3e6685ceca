// Every export of the addon. src/native.ts types and documents each.
#include "exports.h"

namespace tscope {

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("sourceHash", TSCOPE_SOURCE_HASH);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("tscReadable", TscReadable);
  add("cpuid", Cpuid);

  add("rdtscp", Rdtscp);
  add("createPairReader", CreatePairReader);
  add("createTscReader", CreateTscReader);
  add("readBrackets", ReadBrackets);
  add("clockResolution", ClockResolution);

  add("sleepUntil", SleepUntil);
  add("spinUntilTsc", SpinUntilTsc);
  add("sleepThenSpin", SleepThenSpin);

  add("getAffinity", GetAffinity);
  add("setAffinity", SetAffinity);
  add("setFifoPriority", SetFifoPriority);
  add("tryFifoPriority", TryFifoPriority);
  add("getTimerSlack", GetTimerSlack);
  add("setTimerSlack", SetTimerSlack);
  add("setSlice", SetSlice);
  add("dieWithParent", DieWithParent);
  add("exitNow", ExitNow);

  add("exchangeTsc", ExchangeTsc);
  add("timeReferenceAdvances", TimeReferenceAdvances);

  add("readAdjtimex", ReadAdjtimex);
  add("readPerfTime", ReadPerfTime);
  add("peek", Peek);

  add("notify", Notify);
  add("limitArenas", LimitArenas);
  return exports;
}

}  // namespace tscope

using tscope::Init;

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
