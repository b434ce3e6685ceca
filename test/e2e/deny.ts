import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Calls by their x86-64 number; `:` and the second argument that is meant, where it is one of many. */
const CALLS = {
  ...{ setaffinity: '203', getaffinity: '204', setscheduler: '144', prctl: '157', perf_event_open: '298' },
  ...{ ioctl: '16', getcwd: '79', timerfd_create: '283', timerfd_settime: '286', clone: '56' },
  ...{ kill: '62', tgkill: '234', kvmCreateVm: '16:44545' },
} as const;
export type Refused = keyof typeof CALLS;

const SOURCE = `
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sock_filter filter[8];
  unsigned short n = 0;
  char *second = strchr(argv[1], ':');
  unsigned char left = second ? 3 : 1;
#define ADD(...) filter[n++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(argv[1]), 0, left));
  if (second) {
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(second + 1), 0, 1));
  }
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  struct sock_fprog program = {n, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 99;
  execvp(argv[2], argv + 2);
  return 98;
}
`;

/**
 * Builds a program that runs another one in which the kernel answers EPERM to one call, as the filters of containers
 * and systemd do.
 *
 * @returns the words that such a command begins with.
 */
export function buildDeny(folder: string): (call: Refused) => string[] {
  const deny = join(folder, 'deny');
  writeFileSync(`${deny}.c`, SOURCE);
  execFileSync('gcc', ['-o', deny, `${deny}.c`]);
  return (call) => [deny, CALLS[call]];
}
