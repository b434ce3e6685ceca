// Fails one system call of those that touch files below TSCOPE_FAULT_FOLDER. TSCOPE_FAULT_CONTROL is a file of two
// words: which call to fail (0: none), and how many there were.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST_FILES 4096

static volatile int32_t *control;
static const char *folder;
static char ours[MOST_FILES];

__attribute__((constructor)) static void begin(void) {
  folder = getenv("TSCOPE_FAULT_FOLDER");
  const char *path = getenv("TSCOPE_FAULT_CONTROL");
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = path == NULL ? -1 : real(path, O_RDWR);
  if (fd < 0) return;
  void *words = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (words != MAP_FAILED) control = words;
}

static int fails(void) {
  if (control == NULL || control[0] == 0) return 0;
  control[1] += 1;
  if (control[1] != control[0]) return 0;
  errno = EIO;
  return 1;
}

static int below(const char *path) { return folder != NULL && strncmp(path, folder, strlen(folder)) == 0; }
static int tracked(int fd) { return fd >= 0 && fd < MOST_FILES && ours[fd]; }

#define OPEN(name)                                                    \
  int name(const char *path, int flags, ...) {                        \
    static int (*real)(const char *, int, ...);                       \
    if (real == NULL) real = dlsym(RTLD_NEXT, #name);                 \
    va_list list;                                                     \
    va_start(list, flags);                                            \
    int mode = va_arg(list, int);                                     \
    va_end(list);                                                     \
    int is_ours = below(path);                                        \
    if (is_ours && fails()) return -1;                                \
    int fd = real(path, flags, mode);                                 \
    if (fd >= 0 && fd < MOST_FILES) ours[fd] = (char)is_ours;         \
    return fd;                                                        \
  }
OPEN(open)
OPEN(open64)

#define CALL(type, name, arguments, values)           \
  type name arguments {                               \
    static type(*real) arguments;                     \
    if (real == NULL) real = dlsym(RTLD_NEXT, #name); \
    if (tracked(fd) && fails()) return -1;            \
    return real values;                               \
  }
CALL(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
CALL(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
CALL(ssize_t, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at))
CALL(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
CALL(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))
CALL(ssize_t, pwrite64, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at))
CALL(int, fsync, (int fd), (fd))
CALL(int, fdatasync, (int fd), (fd))
CALL(int, ftruncate, (int fd, off_t size), (fd, size))
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size))

int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "rename");
  return below(to) && fails() ? -1 : real(from, to);
}
