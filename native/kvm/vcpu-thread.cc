#include "vcpu-thread.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "../tsc.h"
#include "guest-code.h"

namespace tscope::kvm {
namespace {

constexpr size_t kRingRecords = 32768;
constexpr size_t kStackBytes = 512 * 1024;
constexpr int kHighestNice = -20;
constexpr std::chrono::milliseconds kEndTimeout{2000}, kAskAgain{20};

// The vCPU's thread blocks every signal, and KVM_RUN alone lets this one through. So it ends KVM_RUN without a
// handler: nothing of the process's signal set-up is touched, and none is lost between a check and KVM_RUN.
int KickSignal() { return SIGRTMAX; }

// The header's struct ends in a flexible array, which gives it another size, and so the request another number,
// in C++ than in C.
struct SignalMask {
  uint32_t length;
  uint8_t bits[8];  // the kernel's sigset_t
};
constexpr unsigned long kSetSignalMask = _IOC(_IOC_WRITE, KVMIO, 0x8b, sizeof(uint32_t));

Failure AllowKick(int vcpu) {
  const uint64_t blocked = ~(uint64_t{1} << (KickSignal() - 1));
  SignalMask mask{sizeof blocked, {}};
  memcpy(mask.bits, &blocked, sizeof blocked);
  return ioctl(vcpu, kSetSignalMask, &mask) < 0 ? Failure{"KVM_SET_SIGNAL_MASK", errno} : Failure{};
}

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

}  // namespace

VcpuThread::Shared::Shared(std::unique_ptr<Machine> m) : machine(std::move(m)), ring(kRingRecords) {}

VcpuThread::VcpuThread(std::unique_ptr<Machine> machine) : shared_(std::make_shared<Shared>(std::move(machine))) {}

VcpuThread::~VcpuThread() {
  if (!started_) return;
  if (Finish()) {
    pthread_join(thread_, nullptr);
  } else {
    pthread_detach(thread_);
  }
}

Failure VcpuThread::Start() {
  if (const Failure failure = AllowKick(shared_->machine->vcpu())) return failure;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // The new thread inherits the mask, so no signal can reach it before it sets its own.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto* share = new std::shared_ptr<Shared>(shared_);
  const int error = pthread_create(&thread_, &attributes, Main, share);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    delete share;
    return {"pthread_create", error};
  }
  started_ = true;
  return {};
}

void* VcpuThread::Main(void* argument) {
  auto* share = static_cast<std::shared_ptr<Shared>*>(argument);
  const std::shared_ptr<Shared> shared = *share;
  delete share;
  // Other work should not decide what is measured. Linux keeps niceness per thread; without the right to lower it
  // the guest is merely later.
  setpriority(PRIO_PROCESS, 0, kHighestNice);
  while (true) {
    std::optional<kvm_lapic_state> next;
    {
      std::unique_lock<std::mutex> lock(shared->mutex);
      shared->changed.wait(lock, [&] { return shared->want != Want::kPark; });
      if (shared->want == Want::kEnd || shared->dead) break;
      shared->parked = false;
      next.swap(shared->next);
    }
    if (!next || SetLapic(shared.get(), *next)) RunUntilUnwanted(shared.get());
    Park(shared.get());
  }
  const std::lock_guard<std::mutex> lock(shared->mutex);
  shared->ended = true;
  shared->changed.notify_all();
  return nullptr;
}

bool VcpuThread::SetLapic(Shared* shared, const kvm_lapic_state& state) {
  Record(shared, RecordKind::kSetting);
  const Failure failure = shared->machine->SetLapic(state);
  Record(shared, RecordKind::kSet);
  return !failure || Die(shared, {failure.error, 0, 0});
}

void VcpuThread::RunUntilUnwanted(Shared* shared) {
  Record(shared, RecordKind::kEntered);
  while (shared->want == Want::kRun && RunOnce(shared)) {
  }
  // Completes the port write that the vCPU may have left in the middle of, so that its state can be saved.
  kvm_run* run = shared->machine->run();
  run->immediate_exit = 1;
  ioctl(shared->machine->vcpu(), KVM_RUN, 0);
  run->immediate_exit = 0;
  Record(shared, RecordKind::kLeft);
}

// False where the guest cannot go on.
bool VcpuThread::RunOnce(Shared* shared) {
  const kvm_run* run = shared->machine->run();
  if (ioctl(shared->machine->vcpu(), KVM_RUN, 0) < 0) {
    if (errno == EINTR || errno == EAGAIN) {
      if (shared->want == Want::kRun) {
        Record(shared, RecordKind::kInterrupted);
        ConsumeKicks();
      }
      return true;
    }
    return Die(shared, {errno, 0, 0});
  }
  if (run->exit_reason == KVM_EXIT_IO && run->io.port == kReportPort) {
    Record(shared, RecordKind::kDelivery);
    return true;
  }
  return Die(shared, {0, run->exit_reason, run->hw.hardware_exit_reason});
}

// Always false.
bool VcpuThread::Die(Shared* shared, const Death& death) {
  const std::lock_guard<std::mutex> lock(shared->mutex);
  shared->dead = true;
  shared->death = death;
  return false;
}

void VcpuThread::Record(Shared* shared, RecordKind kind) {
  int64_t record[kRecordWords] = {static_cast<int64_t>(kind)};
  ReadPair(record + 1);
  record[3] = ThreadCpuNs();
  shared->ring.Push(record);
}

void VcpuThread::Park(Shared* shared) {
  const std::lock_guard<std::mutex> lock(shared->mutex);
  if (shared->want == Want::kRun) shared->want = Want::kPark;
  // Under the lock, as kicks are sent: none is left over for the next run.
  ConsumeKicks();
  shared->parked = true;
  shared->changed.notify_all();
}

void VcpuThread::Ask(Want want) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->want = want;
  shared_->changed.notify_all();
  if (want != Want::kRun && !shared_->parked && !shared_->ended) pthread_kill(thread_, KickSignal());
}

void VcpuThread::SetNext(const kvm_lapic_state& state) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->next = state;
}

void VcpuThread::Resume() { Ask(Want::kRun); }

bool VcpuThread::Pause(int ms) {
  Ask(Want::kPark);
  std::unique_lock<std::mutex> lock(shared_->mutex);
  return shared_->changed.wait_for(lock, std::chrono::milliseconds(ms), [&] { return shared_->parked; });
}

bool VcpuThread::Parked() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->parked && shared_->want == Want::kPark;
}

bool VcpuThread::Dead(Death* death) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->dead) *death = shared_->death;
  return shared_->dead;
}

// Ends the thread; false where the kernel does not let it go.
bool VcpuThread::Finish() {
  const auto latest = std::chrono::steady_clock::now() + kEndTimeout;
  do {
    Ask(Want::kEnd);
    std::unique_lock<std::mutex> lock(shared_->mutex);
    if (shared_->changed.wait_for(lock, kAskAgain, [&] { return shared_->ended; })) return true;
  } while (std::chrono::steady_clock::now() < latest);
  return false;
}

}  // namespace tscope::kvm
