// Owners of a file descriptor and of a mapping, each of which frees what it holds; and how a step fails.
#pragma once

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace tscope::kvm {

// The first step that failed: `syscall` is null where none did.
struct Failure {
  const char* syscall = nullptr;
  int error = 0;
  explicit operator bool() const { return syscall != nullptr; }
};

// Far more than the 1024 of a plain cpu_set_t.
constexpr int kMaxCpus = 8192;

// Keeps a thread (0: this one) on one CPU. Makes system calls only; false with errno set where the kernel refuses.
inline bool RunOn(pid_t thread, int cpu) {
  constexpr int kBits = 8 * sizeof(unsigned long);
  unsigned long mask[kMaxCpus / kBits] = {};
  mask[cpu / kBits] = 1UL << (cpu % kBits);
  return syscall(SYS_sched_setaffinity, thread, sizeof mask, mask) == 0;
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

class Mapping {
 public:
  Mapping() = default;
  ~Mapping() {
    if (data_ != MAP_FAILED) munmap(data_, length_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  // Anonymous memory where `fd` is -1. False with errno set where the kernel refuses.
  bool Map(size_t length, int fd) {
    data_ = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    length_ = length;
    return data_ != MAP_FAILED;
  }
  void* get() const { return data_; }

 private:
  void* data_ = MAP_FAILED;
  size_t length_ = 0;
};

}  // namespace tscope::kvm
