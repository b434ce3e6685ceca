#include "arguments.h"

#include <uv.h>

#include <string>

namespace tscope {

bool Arguments::Fail(const char* name, const std::string& accepted, bool range) const {
  const std::string message = std::string(function_) + ": " + name + " must be " + accepted;
  if (range) {
    Napi::RangeError::New(info_.Env(), message).ThrowAsJavaScriptException();
  } else {
    Napi::TypeError::New(info_.Env(), message).ThrowAsJavaScriptException();
  }
  return false;
}

static std::string Between(const char* what, int64_t min, int64_t max) {
  return std::string(what) + " between " + std::to_string(min) + " and " + std::to_string(max);
}

static bool ToInteger(const Napi::Value& value, int64_t min, int64_t max, int64_t* out) {
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max))) return false;
  *out = static_cast<int64_t>(number);
  return static_cast<double>(*out) == number;
}

bool Arguments::Integer(size_t index, const char* name, int64_t min, int64_t max, int64_t* out) const {
  const Napi::Value value = info_[index];
  if (!value.IsNumber()) return Fail(name, Between("an integer", min, max), false);
  return ToInteger(value, min, max, out) || Fail(name, Between("an integer", min, max), true);
}

bool Arguments::BigInt(size_t index, const char* name, int64_t min, int64_t max, int64_t* out) const {
  const Napi::Value value = info_[index];
  if (!value.IsBigInt()) return Fail(name, Between("a bigint", min, max), false);
  bool lossless = false;
  *out = value.As<Napi::BigInt>().Int64Value(&lossless);
  return (lossless && *out >= min && *out <= max) || Fail(name, Between("a bigint", min, max), true);
}

bool Arguments::Unsigned(size_t index, const char* name, uint64_t* out) const {
  const char* accepted = "a bigint between 0 and 2^64 - 1";
  const Napi::Value value = info_[index];
  if (!value.IsBigInt()) return Fail(name, accepted, false);
  bool lossless = false;
  *out = value.As<Napi::BigInt>().Uint64Value(&lossless);
  return lossless || Fail(name, accepted, true);
}

bool Arguments::Boolean(size_t index, const char* name, bool* out) const {
  const Napi::Value value = info_[index];
  if (!value.IsBoolean()) return Fail(name, "true or false", false);
  *out = value.As<Napi::Boolean>().Value();
  return true;
}

bool Arguments::Array(size_t index, const char* name, size_t unit, Words* out) const {
  napi_typedarray_type type;
  size_t length;
  void* data;
  const Napi::Value value = info_[index];
  if (!value.IsTypedArray() ||
      napi_get_typedarray_info(info_.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_bigint64_array) {
    return Fail(name, "a BigInt64Array", false);
  }
  // A detached array reports length 0.
  if (data == nullptr || length < unit || length % unit != 0) {
    return Fail(name, "attached and of a length that is a positive multiple of " + std::to_string(unit), true);
  }
  *out = {static_cast<int64_t*>(data), length};
  return true;
}

bool Arguments::SharedArray(size_t index, const char* name, size_t unit, Words* out) const {
  if (!Array(index, name, unit, out)) return false;
  napi_value buffer;
  bool detachable = true;
  if (napi_get_typedarray_info(info_.Env(), info_[index], nullptr, nullptr, nullptr, &buffer, nullptr) != napi_ok ||
      napi_is_arraybuffer(info_.Env(), buffer, &detachable) != napi_ok || detachable) {
    return Fail(name, "over a SharedArrayBuffer (it cannot be detached)", false);
  }
  return true;
}

bool Arguments::Array(size_t index, const char* name, size_t unit, size_t most, Words* out) const {
  if (!Array(index, name, unit, out)) return false;
  return out->length <= most || Fail(name, "at most " + std::to_string(most) + " words long", true);
}

bool Arguments::Integers(size_t index, const char* name, int64_t min, int64_t max, uint32_t most,
                         std::vector<int64_t>* out) const {
  const std::string accepted =
      "an array of 1 to " + std::to_string(most) + " entries, each " + Between("an integer", min, max);
  napi_env env = info_.Env();
  const Napi::Value array = info_[index];
  if (!array.IsArray()) return Fail(name, accepted, false);
  // A getter may shorten the array, and may throw: what it threw is then pending, and stays.
  uint32_t length = 0;
  for (uint32_t i = 0; napi_get_array_length(env, array, &length) == napi_ok && i < length && length <= most; i++) {
    napi_value entry;
    if (napi_get_element(env, array, i, &entry) != napi_ok) return false;
    int64_t number;
    if (!Napi::Value(env, entry).IsNumber()) return Fail(name, accepted, false);
    if (!ToInteger(Napi::Value(env, entry), min, max, &number)) return Fail(name, accepted, true);
    out->push_back(number);
  }
  return (!out->empty() && length <= most) || Fail(name, accepted, true);
}

Napi::Value ThrowSystemError(Napi::Env env, int error, const char* syscall) {
  Napi::Error thrown = Napi::Error::New(env, std::string(syscall) + ": " + uv_strerror(-error));
  // Where the environment is being ended, nothing can be created or set any more, and nobody will see the error.
  if (thrown.IsEmpty()) return env.Undefined();
  thrown.Set("code", Napi::String::New(env, uv_err_name(-error)));
  thrown.Set("errno", Napi::Number::New(env, error));
  thrown.Set("syscall", Napi::String::New(env, syscall));
  thrown.ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace tscope
