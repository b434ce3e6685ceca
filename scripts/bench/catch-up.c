// The steps of one catch-up callback in plain C: read ktime and the TSC, advance both deadlines, compare the next
// expiry with the time the pass began. Prints ns a callback, on real clocks and in virtual time, for each line of
// input.
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

enum { kRounds = 100000, kVirtualRounds = 1000000 };
static const uint64_t kMult = 2356694726u;

struct Timer {
  int64_t period, target, expires;
  uint64_t tscdeadline, offset;
  int pending, advances;
};
static volatile int in_use = 1;

static int64_t Now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/** CPU time of the process, ns: other work on the machine does not count. */
static int64_t Spent(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static uint64_t Cycles(uint64_t ns) { return (uint64_t)(((unsigned __int128)(ns << 2) * kMult) >> 32); }

static __attribute__((noinline)) void Callback(struct Timer* timer, int64_t now, uint64_t tsc) {
  if (!timer->pending) timer->pending = 1;
  if (!in_use || timer->period == 0) return;
  timer->advances++;
  timer->target += timer->period;
  timer->tscdeadline = tsc + timer->offset + Cycles((uint64_t)(timer->target - now));
  timer->expires += timer->period;
}

static double Real(void) {
  const int64_t spent = Spent(), begin = Now();
  struct Timer timer = {200000, begin - 200000ll * kRounds, begin - 200000ll * kRounds, 0, 1, 0, 0};
  while (timer.expires < begin) {
    const int64_t now = Now();
    Callback(&timer, now, __rdtsc());
  }
  return (double)(Spent() - spent) / kRounds;
}

static double Virtual(void) {
  const int64_t begin = Spent(), start = 1ll << 50;
  struct Timer timer = {200000, start - 200000ll * kVirtualRounds, start - 200000ll * kVirtualRounds, 0, 1, 0, 0};
  int64_t now = start, tsc = 0, rest = 0;
  while (timer.expires < start) {
    Callback(&timer, now, (uint64_t)tsc);
    now += 79;
    rest += 79ll * 2194843;
    tsc += rest / 1000000;
    rest %= 1000000;
  }
  return (double)(Spent() - begin) / kVirtualRounds;
}

int main(void) {
  while (getchar() != EOF) {
    printf("%.3f %.3f\n", Real(), Virtual());
    fflush(stdout);
  }
  return 0;
}
