#include "timer-burst.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "../arguments.h"
#include "../tsc.h"

namespace tscope::kvm {
namespace {

constexpr int kMostChildren = 64;
constexpr int64_t kMostTimers = 100000;
// What a child keeps open besides its timers.
constexpr int64_t kOtherDescriptors = 8;
// What this process opens while it has the children: a guest's four descriptors, a file of the trace, one of /proc.
constexpr int kSpareDescriptors = 8;
// The child watches from here before the instant, for at most so long after it.
constexpr int64_t kWatchBeforeNs = 300000, kWatchAfterNs = 40000000;
// The child's own wake-ups and the timer interrupts of a quiet CPU are shorter than this.
constexpr int64_t kShortestStallNs = 30000;
// The guest, which waits for the CPU too, goes first then.
constexpr int64_t kSettledNs = 2000;
constexpr int kLongestWaitMs = 100;
constexpr int kLongestStartMs = 5000;
// A child ends as soon as it is killed; one that may not be, when it next looks for a command.
constexpr std::chrono::milliseconds kLongestEnd{2000}, kLookAgain{1};

enum class Step : int64_t { kAffinity, kCreate, kSet };
constexpr const char* kSteps[] = {"sched_setaffinity", "timerfd_create", "timerfd_settime"};

// How a child starts: with fewer timers than wanted, or with none and the step that was refused.
struct Birth {
  int64_t timers;
  int64_t error;
  Step step;
};

struct Command {
  int64_t ktime;
  int64_t count;
  int64_t watch;
};

bool ReadAll(int fd, void* out, size_t length) {
  size_t done = 0;
  while (done < length) {
    const ssize_t got = read(fd, static_cast<char*>(out) + done, length - done);
    if (got == 0 || (got < 0 && errno != EINTR)) return false;
    if (got > 0) done += static_cast<size_t>(got);
  }
  return true;
}

// A few words: all or nothing.
bool WriteAll(int fd, const void* data, size_t length) {
  ssize_t put;
  do {
    put = write(fd, data, length);
  } while (put < 0 && errno == EINTR);
  return put == static_cast<ssize_t>(length);
}

// Everything below until ChildMain runs in a fork of a process with many threads: system calls only.

void CloseRange(int from, int to, int limit) {
  if (from > to) return;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, static_cast<unsigned>(from), static_cast<unsigned>(to), 0U) == 0) return;
#endif
  for (int fd = from; fd <= to && fd < limit; fd++) close(fd);
}

void CloseAllBut(int fd, int limit) {
  CloseRange(3, fd - 1, limit);
  CloseRange(fd + 1, INT32_MAX, limit);
}

Stall Watch(int64_t ktime) {
  const timespec from = ToTimespec(ktime - kWatchBeforeNs);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &from, nullptr) == EINTR) {
  }
  Stall longest;
  int64_t last = ReadKtime();
  while (last < ktime + kWatchAfterNs) {
    const int64_t now = ReadKtime();
    if (now >= ktime && now - last > longest.to - longest.from) longest = {last, now};
    last = now;
    if (longest.to - longest.from > kShortestStallNs && now - longest.to > kSettledNs) break;
  }
  return longest;
}

int64_t ArmOwn(const int* timers, int64_t count, int64_t ktime) {
  itimerspec at{};
  at.it_value = ToTimespec(ktime);
  for (int64_t i = 0; i < count; i++) {
    if (timerfd_settime(timers[i], TFD_TIMER_ABSTIME, &at, nullptr) != 0) return -errno;
  }
  return count;
}

void Serve(int parent, const int* timers) {
  Command command;
  while (ReadAll(parent, &command, sizeof command)) {
    const int64_t armed = ArmOwn(timers, command.count, command.ktime);
    if (!WriteAll(parent, &armed, sizeof armed)) return;
    if (command.watch == 0) continue;
    const Stall stall = Watch(command.ktime);
    if (!WriteAll(parent, &stall, sizeof stall)) return;
  }
}

// `timers` has room for `wanted` descriptors.
[[noreturn]] void ChildMain(pid_t parent, int cpu, int64_t wanted, int* timers, int socket, int limit) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  CloseAllBut(socket, limit);
  prctl(PR_SET_TIMERSLACK, 1UL);
  // Where it is allowed: then no other task of this CPU keeps the child from seeing the instant, or from going on at once.
  const sched_param lowest{1};
  sched_setscheduler(0, SCHED_FIFO, &lowest);
  Birth birth{0, 0, Step::kAffinity};
  if (!RunOn(0, cpu)) birth.error = errno;
  while (birth.error == 0 && birth.timers < wanted) {
    birth.step = Step::kCreate;
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (fd < 0) {
      birth.error = errno;
      break;
    }
    const itimerspec never{};
    birth.step = Step::kSet;
    if (birth.timers == 0 && timerfd_settime(fd, 0, &never, nullptr) != 0) {
      birth.error = errno;
      break;
    }
    timers[birth.timers++] = fd;
  }
  WriteAll(socket, &birth, sizeof birth);
  if (birth.timers > 0) Serve(socket, timers);
  _exit(0);
}

using Clock = std::chrono::steady_clock;

// Reads what a child says, until `latest`.
bool Hear(int fd, void* out, size_t length, Clock::time_point latest) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(latest - Clock::now()).count();
    pollfd ready{fd, POLLIN, 0};
    const int found = poll(&ready, 1, left > 0 ? static_cast<int>(left) : 0);
    if (found > 0) return ReadAll(fd, out, length);
    if (found == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Napi::Function TimerBurst::Define(Napi::Env env) {
  return DefineClass(env, "TimerBurst",
                     {
                         InstanceMethod<&TimerBurst::Timers>("timers"),
                         InstanceMethod<&TimerBurst::Arm>("arm"),
                         InstanceMethod<&TimerBurst::Watched>("watched"),
                         InstanceMethod<&TimerBurst::Destroy>("destroy"),
                     });
}

// new TimerBurst(cpu, timers)
TimerBurst::TimerBurst(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TimerBurst>(info) {
  const Arguments args(info, "TimerBurst");
  int64_t cpu, timers;
  if (!args.Integer(0, "cpu", 0, kMaxCpus - 1, &cpu) || !args.Integer(1, "timers", 1, kMostTimers, &timers)) return;
  if (const Failure failure = Start(static_cast<int>(cpu), timers)) {
    End();
    ThrowSystemError(info.Env(), failure.error, failure.syscall);
  }
}

TimerBurst::~TimerBurst() { End(); }

void TimerBurst::End() {
  for (Child& child : children_) {
    // A filter of system calls may forbid the signal; the end of its socket ends a child as well.
    child.socket = Fd();
    kill(child.pid, SIGKILL);
  }
  const auto latest = Clock::now() + kLongestEnd;
  for (const Child& child : children_) {
    while (waitpid(child.pid, nullptr, WNOHANG) == 0 && Clock::now() < latest) std::this_thread::sleep_for(kLookAgain);
  }
  children_.clear();
  timers_ = 0;
}

// timers() -> how many there are: fewer than asked for where the kernel allows no more.
Napi::Value TimerBurst::Timers(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(timers_));
}

// arm(ktime, count) -> whether `count` timers will expire at `ktime`.
Napi::Value TimerBurst::Arm(const Napi::CallbackInfo& info) {
  const Arguments args(info, "arm");
  int64_t ktime, count;
  if (!args.BigInt(0, "ktime", 0, INT64_MAX, &ktime) || !args.Integer(1, "count", 1, kMostTimers, &count)) {
    return info.Env().Undefined();
  }
  return Napi::Boolean::New(info.Env(), ArmAll(ktime, count));
}

// watched(out) -> whether the stall is over; out[0] and out[1] are then its start and end. Call again until true.
Napi::Value TimerBurst::Watched(const Napi::CallbackInfo& info) {
  Words out;
  if (!Arguments(info, "watched").Array(0, "out", 2, &out)) return info.Env().Undefined();
  if (children_.empty()) return Napi::Boolean::New(info.Env(), false);
  Stall stall;
  const auto latest = Clock::now() + std::chrono::milliseconds(kLongestWaitMs);
  const bool over = Hear(children_.front().socket.get(), &stall, sizeof stall, latest);
  if (over) {
    out.data[0] = stall.from;
    out.data[1] = stall.to;
  }
  return Napi::Boolean::New(info.Env(), over);
}

// destroy(): ends the children and waits for that. A second call does nothing.
Napi::Value TimerBurst::Destroy(const Napi::CallbackInfo& info) {
  End();
  return info.Env().Undefined();
}

Failure TimerBurst::StartChild(int cpu, int64_t timers) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return {"socketpair", errno};
  Fd ours(ends[0]), its(ends[1]);
  std::vector<int> room(static_cast<size_t>(timers));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const int limit = files.rlim_cur < 65536 ? static_cast<int>(files.rlim_cur) : 65536;
  const pid_t parent = getpid();
  // No signal handler of this process may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) ChildMain(parent, cpu, timers, room.data(), its.get(), limit);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return {"fork", error};
  children_.push_back({pid, 0, std::move(ours)});
  its = Fd();
  Birth birth{};
  if (!Hear(children_.back().socket.get(), &birth, sizeof birth,
            Clock::now() + std::chrono::milliseconds(kLongestStartMs))) {
    return {"fork", ETIMEDOUT};
  }
  children_.back().timers = birth.timers;
  timers_ += birth.timers;
  if (birth.timers > 0) return {};
  return {kSteps[static_cast<int>(birth.step)], static_cast<int>(birth.error)};
}

Failure TimerBurst::Start(int cpu, int64_t timers) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return {"getrlimit", errno};
  const int64_t room = static_cast<int64_t>(files.rlim_cur) - kOtherDescriptors;
  // Closed again at the end: where there are few descriptors, the children's sockets are not to take them all.
  std::vector<Fd> spare;
  for (int i = 0; i < kSpareDescriptors; i++) spare.emplace_back(eventfd(0, EFD_CLOEXEC));
  if (!spare.back().valid()) return {"RLIMIT_NOFILE", errno};
  for (int i = 0; i < kMostChildren && timers_ < timers; i++) {
    const int64_t before = timers_;
    const int64_t wanted = timers - timers_ < room ? timers - timers_ : room;
    if (wanted <= 0) return {"RLIMIT_NOFILE", EMFILE};
    const Failure failure = StartChild(cpu, wanted);
    // What the kernel has allowed so far will do.
    if (failure && timers_ > 0) break;
    if (failure) return failure;
    if (timers_ == before) break;
  }
  return {};
}

bool TimerBurst::ArmAll(int64_t ktime, int64_t count) {
  const auto latest = Clock::now() + std::chrono::milliseconds(kLongestWaitMs);
  int64_t left = count;
  std::vector<int64_t> shares;
  for (const Child& child : children_) {
    shares.push_back(left < child.timers ? left : child.timers);
    left -= shares.back();
    const Command command{ktime, shares.back(), shares.size() == 1};
    if (!WriteAll(child.socket.get(), &command, sizeof command)) return false;
  }
  bool all = left == 0 && !children_.empty();
  for (size_t i = 0; i < children_.size(); i++) {
    int64_t armed = 0;
    if (!Hear(children_[i].socket.get(), &armed, sizeof armed, latest)) return false;
    all = all && armed == shares[i];
  }
  return all && ReadKtime() < ktime;
}

}  // namespace tscope::kvm
