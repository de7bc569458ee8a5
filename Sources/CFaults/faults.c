#include "CFaults.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// A handler may call little else than read and write, and take no memory.

static int exit_status;

static void say(const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, text, length);
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

static const char *hexadecimal(const char *text, uintptr_t *number) {
  *number = 0;
  for (;; text++) {
    int digit;
    if (*text >= '0' && *text <= '9') digit = *text - '0';
    else if (*text >= 'a' && *text <= 'f') digit = *text - 'a' + 10;
    else return text;
    *number = *number * 16 + (uintptr_t)digit;
  }
}

// The path in a line of /proc/self/maps that holds `address`, ended by a zero; null for any other line.
static const char *path_in(const char *line, uintptr_t address) {
  uintptr_t start, end;
  line = hexadecimal(line, &start);
  if (*line != '-') return 0;
  hexadecimal(line + 1, &end);
  if (address < start || address >= end) return 0;
  const char *path = strchr(line, '/');
  return path;
}

// Writes the name of the mapped file that holds `address` and gives 1; 0 where there is none.
static int say_file(uintptr_t address) {
  static char line[8192];
  int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return 0;
  size_t length = 0;
  char next;
  while (read(maps, &next, 1) == 1) {
    if (next != '\n') {
      if (length < sizeof line - 1) line[length++] = next;
      continue;
    }
    line[length] = 0;
    length = 0;
    const char *path = path_in(line, address);
    if (path) {
      say(path, strlen(path));
      close(maps);
      return 1;
    }
  }
  close(maps);
  return 0;
}

static void handle(int number, siginfo_t *info, void *context) {
  (void)context;
  // Threads share the file and the buffers here: the first one tells, the others wait for the end.
  static atomic_flag is_told = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set(&is_told))
    for (;;) pause();
  static const char before[] = "\nerror: ";
  static const char after[] =
      " was cut short, or its disk failed, while it was in use. Finished work is kept; run the command again once the "
      "file is whole\n";
  say(before, sizeof before - 1);
  if (say_file((uintptr_t)info->si_addr)) {
    say(after, sizeof after - 1);
    _exit(exit_status);
  }
  static const char unknown[] = "the memory failed (bus error)\n";
  say(unknown, sizeof unknown - 1);
  signal(number, SIG_DFL);
  raise(number);
  _exit(128 + number);
}

void strata_tell_bus_errors(int status) {
  exit_status = status;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, 0);
}

long strata_open_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
  return (long)limit.rlim_cur;
}
