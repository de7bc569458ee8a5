#pragma once
#include <hdf5.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// libhdf5 trusts what a file says of itself: damaged bytes can end the process (seen with 1.10: a wild pointer is
// freed). So a child process first looks at all that we will look at; if it dies, the file is refused.

static inline herr_t strata_h5_try_attribute(hid_t object, const char *name, const H5A_info_t *info, void *data) {
  (void)info;
  (void)data;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  if (H5Sget_simple_extent_npoints(space) == 1) {
    if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0) {
      char *text = NULL;
      if (H5Aread(attribute, type, &text) >= 0 && text) H5free_memory(text);
    } else if (H5Tget_size(type) <= 1 << 24) {
      void *value = malloc(H5Tget_size(type) + 8);
      if (value) H5Aread(attribute, type, value);
      free(value);
    }
  }
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  return 0;
}

/// Where values lie in one piece there is nothing to be led astray by; pieces (chunks) are read.
static inline void strata_h5_try_dataset(const char *name, void *file) {
  hid_t dataset = H5Dopen2(*(hid_t *)file, name, H5P_DEFAULT);
  if (dataset < 0) return;
  hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), made = H5Dget_create_plist(dataset);
  hssize_t count = H5Sget_simple_extent_npoints(space);
  hsize_t stored = H5Dget_storage_size(dataset);
  if (strata_h5_is_own(dataset) && H5Pget_layout(made) != H5D_CONTIGUOUS && count > 0 && count <= 1 << 29 &&
      (double)count * (double)H5Tget_size(type) <= 2048.0 * (double)stored) {
    float *values = (float *)malloc((size_t)count * sizeof(float));
    if (values) H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    free(values);
  }
  hsize_t index = 0;
  H5Aiterate2(dataset, H5_INDEX_NAME, H5_ITER_INC, &index, strata_h5_try_attribute, NULL);
  H5Pclose(made);
  H5Sclose(space);
  H5Tclose(type);
  H5Dclose(dataset);
}

/// 0 where a child process lived through reading the file (whether the file is good or not), else the signal that
/// ended it; −1 where no child could be made.
static inline int strata_h5_trial(const char *path) {
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    const int deaths[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGXCPU};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) signal(deaths[i], SIG_DFL);
    // Damage can also make an endless loop. Two seconds, and one for each 10 MB, is many times what reading takes.
    struct stat status;
    const rlim_t seconds = 2 + (stat(path, &status) == 0 ? (rlim_t)status.st_size / 10000000 : 0);
    const struct rlimit none = {0, 0}, enough = {seconds, seconds + 1};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &enough);
    hid_t file = strata_h5_open(path);
    if (file >= 0) {
      strata_h5_visit(file, strata_h5_try_dataset, &file);
      hsize_t index = 0;
      H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_INC, &index, strata_h5_try_attribute, NULL);
      H5Fclose(file);
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
