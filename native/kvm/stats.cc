#include "stats.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace tscope::kvm {
namespace {

// The part of kvm_stats_desc before its name; the kernel's declaration ends in a flexible array, whose size
// differs between C and C++.
struct Description {
  uint32_t flags;
  int16_t exponent;
  uint16_t size;
  uint32_t offset;
  uint32_t bucketSize;
};

bool ReadAt(int fd, void* out, size_t length, size_t offset) {
  return pread(fd, out, length, static_cast<off_t>(offset)) == static_cast<ssize_t>(length);
}

}  // namespace

Failure Stats::Open(int vcpu) {
#ifdef KVM_GET_STATS_FD
  fd_ = Fd(ioctl(vcpu, KVM_GET_STATS_FD, 0));
  if (!fd_.valid() && errno != ENOTTY && errno != EINVAL) return {"KVM_GET_STATS_FD", errno};
#else
  (void)vcpu;
#endif
  return {};
}

Failure Stats::Read(Counters* counters) const {
#ifdef KVM_GET_STATS_FD
  const Failure failure{"read KVM stats", EIO};
  kvm_stats_header header;
  if (!ReadAt(fd_.get(), &header, sizeof header, 0)) return failure;
  const size_t stride = sizeof(Description) + header.name_size;
  std::vector<char> descriptions(stride * header.num_desc);
  if (!ReadAt(fd_.get(), descriptions.data(), descriptions.size(), header.desc_offset)) return failure;
  for (uint32_t i = 0; i < header.num_desc; i++) {
    const char* at = descriptions.data() + i * stride;
    Description description;
    memcpy(&description, at, sizeof description);
    if (description.size != 1) continue;
    uint64_t value;
    if (!ReadAt(fd_.get(), &value, sizeof value, header.data_offset + description.offset)) return failure;
    const char* name = at + sizeof description;
    counters->emplace_back(std::string(name, strnlen(name, header.name_size)), value);
  }
#else
  (void)counters;
#endif
  return {};
}

}  // namespace tscope::kvm
