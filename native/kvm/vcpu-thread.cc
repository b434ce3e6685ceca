#include "vcpu-thread.h"

#include <signal.h>

#include <cerrno>
#include <chrono>

namespace tscope::kvm {
namespace {

constexpr size_t kStackBytes = 512 * 1024;
constexpr std::chrono::milliseconds kEndTimeout{2000}, kAskAgain{20};

void* Main(void* argument) {
  const std::unique_ptr<std::shared_ptr<Vcpu>> share(static_cast<std::shared_ptr<Vcpu>*>(argument));
  RunVcpu(share->get());
  return nullptr;
}

}  // namespace

VcpuThread::VcpuThread(std::unique_ptr<Machine> machine) : vcpu_(std::make_shared<Vcpu>(std::move(machine))) {}

VcpuThread::~VcpuThread() {
  if (!started_) return;
  if (Finish()) {
    pthread_join(thread_, nullptr);
  } else {
    pthread_detach(thread_);
  }
}

Failure VcpuThread::Start() {
  if (const Failure failure = AllowKick(machine().vcpu())) return failure;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // The new thread inherits the mask, so no signal can reach it before it sets its own.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto share = std::make_unique<std::shared_ptr<Vcpu>>(vcpu_);
  const int error = pthread_create(&thread_, &attributes, Main, share.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return {"pthread_create", error};
  share.release();
  started_ = true;
  std::unique_lock<std::mutex> lock(vcpu_->mutex);
  vcpu_->changed.wait(lock, [&] { return vcpu_->thread != 0; });
  return {};
}

Failure VcpuThread::Pin(int cpu) { return RunOn(id(), cpu) ? Failure{} : Failure{"sched_setaffinity", errno}; }

void VcpuThread::Ask(Want want) {
  const std::lock_guard<std::mutex> lock(vcpu_->mutex);
  vcpu_->want = want;
  vcpu_->changed.notify_all();
  if (want != Want::kRun && !vcpu_->parked && !vcpu_->ended) kickError_ = pthread_kill(thread_, KickSignal());
}

void VcpuThread::SetNext(const kvm_lapic_state& state) {
  const std::lock_guard<std::mutex> lock(vcpu_->mutex);
  vcpu_->next = state;
}

void VcpuThread::Resume() { Ask(Want::kRun); }

bool VcpuThread::Pause(int ms, Failure* refused) {
  Ask(Want::kPark);
  std::unique_lock<std::mutex> lock(vcpu_->mutex);
  const bool parked = vcpu_->changed.wait_for(lock, std::chrono::milliseconds(ms), [&] { return vcpu_->parked; });
  *refused = parked || kickError_ == 0 ? Failure{} : Failure{"tgkill", kickError_};
  return parked;
}

bool VcpuThread::Parked() {
  const std::lock_guard<std::mutex> lock(vcpu_->mutex);
  return vcpu_->parked && vcpu_->want == Want::kPark;
}

std::optional<Death> VcpuThread::death() {
  const std::lock_guard<std::mutex> lock(vcpu_->mutex);
  return vcpu_->death;
}

// Ends the thread; false where the kernel does not let it go.
bool VcpuThread::Finish() {
  const auto latest = std::chrono::steady_clock::now() + kEndTimeout;
  do {
    Ask(Want::kEnd);
    std::unique_lock<std::mutex> lock(vcpu_->mutex);
    if (vcpu_->changed.wait_for(lock, kAskAgain, [&] { return vcpu_->ended; })) return true;
  } while (std::chrono::steady_clock::now() < latest);
  return false;
}

}  // namespace tscope::kvm
