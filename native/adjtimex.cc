// The kernel's clock discipline, read without privilege (modes = 0).
#include <sys/timex.h>

#include <cerrno>

#include "arguments.h"
#include "exports.h"

namespace tscope {

Napi::Value ReadAdjtimex(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  timex t{};
  const int state = adjtimex(&t);
  if (state < 0) return ThrowSystemError(env, errno, "adjtimex");
  Napi::Object out = Napi::Object::New(env);
  const auto set = [&](const char* name, double value) { out.Set(name, value); };
  set("state", state);
  set("status", t.status);
  set("freq", static_cast<double>(t.freq));
  set("tick", static_cast<double>(t.tick));
  set("offset", static_cast<double>(t.offset));
  set("maxErrorUs", static_cast<double>(t.maxerror));
  set("estErrorUs", static_cast<double>(t.esterror));
  set("constant", static_cast<double>(t.constant));
  return out;
}

}  // namespace tscope
