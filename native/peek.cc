// Memory that may not be readable: the pages that the kernel and the hypervisor share with every process.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "exports.h"

namespace tscope {

// peek(address, out): copies out.length words from `address`. The kernel does the copying, into a pipe, so that a
// page that is not there makes an EFAULT and no signal.
Napi::Value Peek(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const Arguments args(info, "peek");
  uint64_t address;
  Words out;
  if (!args.Unsigned(0, "address", &address) || !args.Array(1, "out", 1, &out)) return env.Undefined();
  // A pipe takes this much at once.
  constexpr size_t kMost = 4096;
  const size_t length = out.length * sizeof(int64_t);
  if (length > kMost) return ThrowSystemError(env, E2BIG, "peek");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ThrowSystemError(env, errno, "pipe2");
  ssize_t copied = write(ends[1], reinterpret_cast<const void*>(address), length);
  int error = copied < 0 ? errno : EFAULT;
  if (copied == static_cast<ssize_t>(length)) {
    copied = read(ends[0], out.data, length);
    error = copied == static_cast<ssize_t>(length) ? 0 : EIO;
  }
  close(ends[0]);
  close(ends[1]);
  return error == 0 ? env.Undefined() : ThrowSystemError(env, error, "write");
}

}  // namespace tscope
