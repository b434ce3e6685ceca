#include "machine.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "guest-code.h"

namespace tscope::kvm {
namespace {

// The kernel's header declares these two with a flexible array, which makes their size, and so the request's
// number, another one in C++ than in C.
struct CpuidHeader {
  uint32_t nent;
  uint32_t padding;
};
constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, CpuidHeader);
constexpr unsigned long kSetCpuid2 = _IOW(KVMIO, 0x90, CpuidHeader);
constexpr uint32_t kMaxCpuidEntries = 256;

// Where an Intel host without unrestricted guests keeps what it needs to emulate real mode: any three pages and
// one page under 4 GiB outside the guest's memory.
constexpr unsigned long kTssAddress = 0xfffbd000;
constexpr uint64_t kIdentityMapAddress = 0xfffbc000;

constexpr uint64_t kX2apicEnable = 1 << 10;

// An ioctl again while a signal interrupts it: creating a VM takes locks that any signal breaks off.
template <typename Argument>
int Call(const Fd& fd, unsigned long request, Argument argument) {
  int result;
  do {
    result = ioctl(fd.get(), request, argument);
  } while (result < 0 && errno == EINTR);
  return result;
}

Failure Check(int result, const char* syscall) { return result < 0 ? Failure{syscall, errno} : Failure{}; }

}  // namespace

Failure Machine::Create() {
  kvm_ = Fd(open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm_.valid()) return {"open /dev/kvm", errno};
  if (Call(kvm_, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) return {"KVM_GET_API_VERSION", ENOSYS};
  if (Call(kvm_, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0) return {"KVM_CAP_IMMEDIATE_EXIT", ENOSYS};
  vm_ = Fd(Call(kvm_, KVM_CREATE_VM, 0));
  if (!vm_.valid()) return {"KVM_CREATE_VM", errno};
  // Without these an Intel host refuses to create the local APIC's vCPU; other hosts take no notice.
  Call(vm_, KVM_SET_TSS_ADDR, kTssAddress);
  Call(vm_, KVM_SET_IDENTITY_MAP_ADDR, &kIdentityMapAddress);
  if (Call(vm_, KVM_CREATE_IRQCHIP, 0) < 0) return {"KVM_CREATE_IRQCHIP", errno};
  vcpu_ = Fd(Call(vm_, KVM_CREATE_VCPU, 0));
  return vcpu_.valid() ? Failure{} : Failure{"KVM_CREATE_VCPU", errno};
}

Failure Machine::Prepare(Loop loop) {
  const int length = Call(kvm_, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (length < 0) return {"KVM_GET_VCPU_MMAP_SIZE", errno};
  if (!run_.Map(static_cast<size_t>(length), vcpu_.get())) return {"mmap", errno};
  if (const Failure failure = LoadMemory(loop)) return failure;
  if (const Failure failure = SetCpuid()) return failure;
  if (const Failure failure = stats_.Open(vcpu_.get())) return failure;
  return SetRegisters();
}

Failure Machine::LoadMemory(Loop loop) {
  if (!memory_.Map(kMemoryBytes, -1)) return {"mmap", errno};
  uint8_t* memory = static_cast<uint8_t*>(memory_.get());
  if (loop == Loop::kHalt) {
    memcpy(memory + kCodeAddress, kHaltLoop, sizeof kHaltLoop);
  } else {
    memcpy(memory + kCodeAddress, kSpinLoop, sizeof kSpinLoop);
  }
  memcpy(memory + kHandlerAddress, kHandler, sizeof kHandler);
  // The interrupt vector table stands at address 0: offset, then segment (0).
  memcpy(memory + kTimerVector * 4, &kHandlerAddress, sizeof kHandlerAddress);
  const kvm_userspace_memory_region region{0, 0, 0, kMemoryBytes, reinterpret_cast<uint64_t>(memory)};
  return Check(Call(vm_, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

Failure Machine::SetCpuid() const {
  std::vector<uint8_t> buffer(sizeof(CpuidHeader) + kMaxCpuidEntries * sizeof(kvm_cpuid_entry2));
  const CpuidHeader header{kMaxCpuidEntries, 0};
  memcpy(buffer.data(), &header, sizeof header);
  if (Call(kvm_, kGetSupportedCpuid, buffer.data()) < 0) return {"KVM_GET_SUPPORTED_CPUID", errno};
  return Check(Call(vcpu_, kSetCpuid2, buffer.data()), "KVM_SET_CPUID2");
}

Failure Machine::SetRegisters() const {
  kvm_sregs special;
  if (Call(vcpu_, KVM_GET_SREGS, &special) < 0) return {"KVM_GET_SREGS", errno};
  special.cs.base = 0;
  special.cs.selector = 0;
  special.apic_base |= kX2apicEnable;
  if (Call(vcpu_, KVM_SET_SREGS, &special) < 0) return {"KVM_SET_SREGS", errno};
  kvm_regs registers{};
  registers.rip = kCodeAddress;
  registers.rsp = kStackTop;
  registers.rflags = 2;  // the bit that is always set
  return Check(Call(vcpu_, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

Failure Machine::GetLapic(kvm_lapic_state* state) const {
  return Check(Call(vcpu_, KVM_GET_LAPIC, state), "KVM_GET_LAPIC");
}

Failure Machine::SetLapic(const kvm_lapic_state& state) const {
  return Check(Call(vcpu_, KVM_SET_LAPIC, &state), "KVM_SET_LAPIC");
}

Failure Machine::TscKhz(int* khz) const {
  *khz = Call(vcpu_, KVM_GET_TSC_KHZ, 0);
  return Check(*khz, "KVM_GET_TSC_KHZ");
}

uint32_t ReadRegister(const kvm_lapic_state& state, LapicRegister offset) {
  uint32_t value;
  memcpy(&value, state.regs + offset, sizeof value);
  return value;
}

void WriteRegister(kvm_lapic_state* state, LapicRegister offset, uint32_t value) {
  memcpy(state->regs + offset, &value, sizeof value);
}

}  // namespace tscope::kvm
