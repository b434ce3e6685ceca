// Holds one thread of another process until this one ends: what a disk or a kernel that stands still does to it.
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  const pid_t thread = argc > 1 ? atoi(argv[1]) : 0;
  if (ptrace(PTRACE_SEIZE, thread, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, thread, 0, 0) != 0) return 1;
  if (waitpid(thread, NULL, __WALL) != thread) return 2;
  puts("held");
  fflush(stdout);
  pause();
  return 0;
}
