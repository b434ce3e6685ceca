// How other programs calibrate the TSC, written anew from their published description. For each line of input, the
// name of one, it prints the frequency found (Hz) and the time that took (ns). Everyone reads CLOCK_MONOTONIC_RAW
// here, so that all are compared with the same exact ratio.
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t tsc(void) { return (int64_t)__rdtsc(); }

static void sleep_ns(int64_t ns) {
  struct timespec t = {ns / 1000000000, ns % 1000000000};
  nanosleep(&t, NULL);
}

// quanta: rounds of 1 us, each from the first pair to now; ends once the mean of its own residual is within 10 ns
// with at least 500 rounds, or after 200 ms.
static double quanta(void) {
  const int64_t reference = now(), source = tsc(), deadline = reference + 200000000;
  double ratio = 0, mean = 0, squares = 0;
  int64_t rounds = 0;
  for (;;) {
    const int64_t target = now() + 1000;
    int64_t r, s;
    do {
      r = now();
      s = tsc();
    } while (r < target);
    ratio = (double)(r - reference) / (double)(s - source);
    const double residual = (double)(now() - reference) - (double)(tsc() - source) * ratio;
    rounds++;
    const double delta = residual - mean;
    mean += delta / (double)rounds;
    squares += delta * (residual - mean);
    const double error = rounds > 1 ? sqrt(squares / (double)(rounds - 1) / (double)rounds) : INFINITY;
    if ((rounds >= 500 && fabs(mean) + error < 10) || now() > deadline) break;
  }
  return 1e9 / ratio;
}

// minstant: windows of 10 ms between two pairs, until two in a row agree to 1e-5.
static double minstant(void) {
  double old = 0;
  for (;;) {
    const int64_t t1 = now(), s1 = tsc();
    int64_t t2, s2;
    do {
      t2 = now();
      s2 = tsc();
    } while (t2 - t1 <= 10000000);
    const double hz = (double)(s2 - s1) * 1e9 / (double)(t2 - t1);
    if (fabs(hz - old) / hz < 1e-5) return hz;
    old = hz;
  }
}

// TSCNS: the narrowest of three brackets at both ends of 20 ms.
static void tscns_pair(int64_t* s, int64_t* t) {
  int64_t best = INT64_MAX, before = tsc();
  for (int i = 0; i < 3; i++) {
    const int64_t ns = now(), after = tsc();
    if (after - before < best) {
      best = after - before;
      *s = (before + after) / 2;
      *t = ns;
    }
    before = after;
  }
}

static double tscns(void) {
  int64_t s1, t1, s2, t2;
  tscns_pair(&s1, &t1);
  while (now() < t1 + 20000000) sched_yield();
  tscns_pair(&s2, &t2);
  return (double)(s2 - s1) * 1e9 / (double)(t2 - t1);
}

// abseil: sleeps of 1, 2, 4 ms ... between pairs, each the best of ten by the time between two clock reads, until
// two rates in a row agree to 1 %.
static void abseil_pair(int64_t* s, int64_t* t) {
  int64_t best = INT64_MAX;
  for (int i = 0; i < 10; i++) {
    const int64_t t0 = now(), middle = tsc(), latency = now() - t0;
    if (latency < best) {
      best = latency;
      *s = middle;
      *t = t0;
    }
  }
}

static double abseil(void) {
  double last = -1;
  for (int64_t ns = 1000000;; ns *= 2) {
    int64_t s1, t1, s2, t2;
    abseil_pair(&s1, &t1);
    sleep_ns(ns);
    abseil_pair(&s2, &t2);
    const double hz = (double)(s2 - s1) * 1e9 / (double)(t2 - t1);
    if ((hz * 0.99 < last && last < hz * 1.01) || ns >= 128000000) return hz;
    last = hz;
  }
}

// DPDK: one sleep of 100 ms, rounded to the nearest 10 MHz.
static double dpdk(void) {
  const int64_t t1 = now(), s1 = tsc();
  sleep_ns(100000000);
  const int64_t t2 = now(), s2 = tsc();
  return round((double)(s2 - s1) * 1e9 / (double)(t2 - t1) / 1e7) * 1e7;
}

int main(void) {
  static const struct {
    const char* name;
    double (*run)(void);
  } peers[] = {{"quanta", quanta}, {"minstant", minstant}, {"TSCNS", tscns}, {"abseil", abseil}, {"DPDK", dpdk}};
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
      if (strcmp(line, peers[i].name) != 0) continue;
      const int64_t begin = now();
      const double hz = peers[i].run();
      printf("%.6f %lld\n", hz, (long long)(now() - begin));
      fflush(stdout);
    }
  }
}
