// Tells the service manager how the service is: sd_notify(3) without libsystemd. Node has no datagram sockets of AF_UNIX.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "arguments.h"
#include "exports.h"

namespace tscope {
namespace {

Napi::Value Refuse(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace

// notify(socket, text): one datagram. A name that begins with @ is in the abstract namespace.
Napi::Value Notify(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString()) return Refuse(env, "notify: socket must be a string");
  if (!info[1].IsString()) return Refuse(env, "notify: text must be a string");
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string text = info[1].As<Napi::String>().Utf8Value();
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Refuse(env, "notify: socket must be a path of 1 to 107 bytes");
  }
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ThrowSystemError(env, errno, "socket");
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const ssize_t sent = sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&address), size);
  const int error = errno;
  close(fd);
  return sent < 0 ? ThrowSystemError(env, error, "sendto") : env.Undefined();
}

}  // namespace tscope
