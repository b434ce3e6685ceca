#include "vcpu-loop.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../tsc.h"
#include "guest-code.h"

namespace tscope::kvm {
namespace {

constexpr size_t kRingRecords = 32768;

// The header's struct ends in a flexible array, which gives it another size, and so the request another number,
// in C++ than in C.
struct SignalMask {
  uint32_t length;
  uint8_t bits[8];  // the kernel's sigset_t
};
constexpr unsigned long kSetSignalMask = _IOC(_IOC_WRITE, KVMIO, 0x8b, sizeof(uint32_t));

void ConsumeKicks() {
  sigset_t kick;
  sigemptyset(&kick);
  sigaddset(&kick, KickSignal());
  const timespec now{0, 0};
  while (sigtimedwait(&kick, nullptr, &now) > 0) {
  }
}

int64_t ThreadCpuNs() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return ToNs(t);
}

void Record(Vcpu* vcpu, RecordKind kind) {
  int64_t record[kRecordWords] = {static_cast<int64_t>(kind)};
  ReadPair(record + 1);
  record[3] = ThreadCpuNs();
  vcpu->ring.Push(record);
}

// Always false.
bool Die(Vcpu* vcpu, const Death& death) {
  const std::lock_guard<std::mutex> lock(vcpu->mutex);
  vcpu->death = death;
  return false;
}

bool SetLapic(Vcpu* vcpu, const kvm_lapic_state& state) {
  Record(vcpu, RecordKind::kSetting);
  const Failure failure = vcpu->machine->SetLapic(state);
  Record(vcpu, RecordKind::kSet);
  return !failure || Die(vcpu, {failure.error, 0, 0});
}

// False where the guest cannot go on.
bool RunOnce(Vcpu* vcpu) {
  const kvm_run* run = vcpu->machine->run();
  if (ioctl(vcpu->machine->vcpu(), KVM_RUN, 0) < 0) {
    if (errno != EINTR && errno != EAGAIN) return Die(vcpu, {errno, 0, 0});
    if (vcpu->want == Want::kRun) {
      Record(vcpu, RecordKind::kInterrupted);
      ConsumeKicks();
    }
    return true;
  }
  if (run->exit_reason == KVM_EXIT_IO && run->io.port == kReportPort) {
    Record(vcpu, RecordKind::kDelivery);
    return true;
  }
  return Die(vcpu, {0, run->exit_reason, run->hw.hardware_exit_reason});
}

void RunUntilUnwanted(Vcpu* vcpu) {
  Record(vcpu, RecordKind::kEntered);
  while (vcpu->want == Want::kRun && RunOnce(vcpu)) {
  }
  // Completes the port write that the vCPU may have left in the middle of, so that its state can be saved.
  kvm_run* run = vcpu->machine->run();
  run->immediate_exit = 1;
  ioctl(vcpu->machine->vcpu(), KVM_RUN, 0);
  run->immediate_exit = 0;
  Record(vcpu, RecordKind::kLeft);
}

// Waits for another wish; false where the thread is to end.
bool Unpark(Vcpu* vcpu, std::optional<kvm_lapic_state>* next) {
  std::unique_lock<std::mutex> lock(vcpu->mutex);
  vcpu->changed.wait(lock, [&] { return vcpu->want != Want::kPark; });
  if (vcpu->want == Want::kEnd || vcpu->death) return false;
  vcpu->parked = false;
  next->swap(vcpu->next);
  return true;
}

void Park(Vcpu* vcpu) {
  const std::lock_guard<std::mutex> lock(vcpu->mutex);
  if (vcpu->want == Want::kRun) vcpu->want = Want::kPark;
  // Under the lock, as kicks are sent: none is left over for the next run.
  ConsumeKicks();
  vcpu->parked = true;
  vcpu->changed.notify_all();
}

}  // namespace

Vcpu::Vcpu(std::unique_ptr<Machine> m) : machine(std::move(m)), ring(kRingRecords) {}

int KickSignal() { return SIGRTMAX; }

Failure AllowKick(int vcpu) {
  const uint64_t blocked = ~(uint64_t{1} << (KickSignal() - 1));
  SignalMask mask{sizeof blocked, {}};
  memcpy(mask.bits, &blocked, sizeof blocked);
  return ioctl(vcpu, kSetSignalMask, &mask) < 0 ? Failure{"KVM_SET_SIGNAL_MASK", errno} : Failure{};
}

void RunVcpu(Vcpu* vcpu) {
  {
    const std::lock_guard<std::mutex> lock(vcpu->mutex);
    vcpu->thread = static_cast<pid_t>(syscall(SYS_gettid));
    vcpu->changed.notify_all();
  }
  std::optional<kvm_lapic_state> next;
  while (Unpark(vcpu, &next)) {
    if (!next || SetLapic(vcpu, *next)) RunUntilUnwanted(vcpu);
    next.reset();
    Park(vcpu);
  }
  const std::lock_guard<std::mutex> lock(vcpu->mutex);
  vcpu->ended = true;
  vcpu->changed.notify_all();
}

}  // namespace tscope::kvm
