// How glibc keeps memory for a process of several threads.
#include <malloc.h>

#include "arguments.h"
#include "exports.h"

namespace tscope {

// limitArenas(count): threads that start from now on share so many arenas; elsewhere than in glibc it does nothing.
Napi::Value LimitArenas(const Napi::CallbackInfo& info) {
  int64_t count;
  if (!Arguments(info, "limitArenas").Integer(0, "count", 1, 1024, &count)) return info.Env().Undefined();
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, static_cast<int>(count));
#endif
  return info.Env().Undefined();
}

}  // namespace tscope
