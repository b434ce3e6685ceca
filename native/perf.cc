// The conversion of TSC to time that the kernel offers to profilers, in the first page of a perf event.
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "exports.h"

namespace tscope {

// readPerfTime(out): out[0] = cap_user_time, out[1] = time_mult, out[2] = time_shift. The two are only valid where
// the first is 1.
Napi::Value ReadPerfTime(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Words out;
  if (!Arguments(info, "readPerfTime").Array(0, "out", 3, &out)) return env.Undefined();
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  // What an unprivileged process may ask for.
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  const int event = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  if (event < 0) return ThrowSystemError(env, errno, "perf_event_open");
  const size_t length = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* mapped = mmap(nullptr, length, PROT_READ, MAP_SHARED, event, 0);
  const int error = errno;
  close(event);
  if (mapped == MAP_FAILED) return ThrowSystemError(env, error, "mmap");
  const auto* page = static_cast<const volatile perf_event_mmap_page*>(mapped);
  // The kernel changes `lock` while it writes.
  uint32_t lock;
  do {
    lock = page->lock;
    __sync_synchronize();
    out.data[0] = page->cap_user_time;
    out.data[1] = page->time_mult;
    out.data[2] = page->time_shift;
    __sync_synchronize();
  } while (page->lock != lock);
  munmap(mapped, length);
  return env.Undefined();
}

}  // namespace tscope
