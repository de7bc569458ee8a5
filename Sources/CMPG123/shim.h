#pragma once
#include <mpg123.h>

// Names that the header makes of macros in one version or another, which Swift does not see.

static inline int strata_mpg123_set(mpg123_handle *handle, int removed, int added) {
  int status = mpg123_param(handle, MPG123_REMOVE_FLAGS, removed, 0);
  return status == MPG123_OK ? mpg123_param(handle, MPG123_ADD_FLAGS, added, 0) : status;
}

static inline int strata_mpg123_open(
    mpg123_handle *handle, void *user, mpg123_ssize_t (*read)(void *, void *, size_t),
    off_t (*seek)(void *, off_t, int)) {
  int status = mpg123_replace_reader_handle(handle, read, seek, 0);
  return status == MPG123_OK ? mpg123_open_handle(handle, user) : status;
}

// The rate and the channels of the frame that was read last.
static inline int strata_mpg123_format(mpg123_handle *handle, long *rate, int *channels) {
  struct mpg123_frameinfo info;
  int status = mpg123_info(handle, &info);
  *rate = info.rate;
  *channels = info.mode == MPG123_M_MONO ? 1 : 2;
  return status;
}
