// Checks what JavaScript hands over. Each check that fails throws a TypeError or RangeError that names
// the function and the argument, and returns false; the caller then returns at once.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

namespace tscope {

// A view into a BigInt64Array; valid until the call returns.
struct Words {
  int64_t* data = nullptr;
  size_t length = 0;
};

class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* function) : info_(info), function_(function) {}

  // An integer number in [min, max].
  bool Integer(size_t index, const char* name, int64_t min, int64_t max, int64_t* out) const;
  // A bigint in [min, max].
  bool BigInt(size_t index, const char* name, int64_t min, int64_t max, int64_t* out) const;
  // A bigint that fits an unsigned 64-bit word.
  bool Unsigned(size_t index, const char* name, uint64_t* out) const;
  bool Boolean(size_t index, const char* name, bool* out) const;
  // A BigInt64Array whose length is a multiple of `unit` and at least `unit`.
  bool Array(size_t index, const char* name, size_t unit, Words* out) const;
  // The same with at most `most` words.
  bool Array(size_t index, const char* name, size_t unit, size_t most, Words* out) const;
  // As Array, but over a SharedArrayBuffer, whose memory can never be detached.
  bool SharedArray(size_t index, const char* name, size_t unit, Words* out) const;
  // An array of 1 to `most` integers in [min, max].
  bool Integers(size_t index, const char* name, int64_t min, int64_t max, uint32_t most,
                std::vector<int64_t>* out) const;

 private:
  bool Fail(const char* name, const std::string& accepted, bool range) const;
  const Napi::CallbackInfo& info_;
  const char* function_;
};

// Throws an Error for errno `error` with `code` ("EPERM"), `errno` and `syscall`.
Napi::Value ThrowSystemError(Napi::Env env, int error, const char* syscall);

}  // namespace tscope
