#include "CKernels.h"
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

int64_t strata_address_space_left(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return -1;
  long pages = 0;
  int found = fscanf(file, "%ld", &pages);
  fclose(file);
  if (found != 1) return -1;
  int64_t used = (int64_t)pages * sysconf(_SC_PAGESIZE);
  int64_t most = limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
  return used < most ? most - used : 0;
}
