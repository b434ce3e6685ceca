// The loop that one batch of the addon runs, in plain C: prints ns a triple, once for each line of input.
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

enum { kRows = 100000 };
static int64_t rows[kRows * 4];

static int64_t Ns(const struct timespec* t) { return t->tv_sec * 1000000000ll + t->tv_nsec; }

static int64_t Tsc(uint32_t* aux) {
  const int64_t tsc = (int64_t)__rdtscp(aux);
  _mm_lfence();
  return tsc;
}

int main(void) {
  while (getchar() != EOF) {
    struct timespec begin, end, t;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < kRows; i++) {
      uint32_t before, after;
      int64_t* row = rows + i * 4;
      row[0] = Tsc(&before);
      clock_gettime(CLOCK_MONOTONIC_RAW, &t);
      row[2] = Tsc(&after);
      row[1] = Ns(&t);
      row[3] = before == after ? (int64_t)(before & 0xfff) : -1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.3f\n", (double)(Ns(&end) - Ns(&begin)) / kRows);
    fflush(stdout);
  }
  return 0;
}
