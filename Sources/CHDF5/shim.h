#pragma once
#include <errno.h>
#include <hdf5.h>
#include <string.h>

// What HDF5 has as macros, which Swift does not see, as functions. The library's version is looked at here only.

/// Nothing is printed by the library from now on, and no code that a file names (filters) is loaded. Errors are
/// kept a thread: to be called on the thread that goes on to use the library.
/// Nor does it do anything when the process ends, where a file that could not be written would be tried again, and end
/// it with another status: we close what we open.
static inline void strata_h5_quiet(void) {
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
}

static inline hid_t strata_h5_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t strata_h5_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t strata_h5_stored_float(void) { return H5T_IEEE_F32LE; }

/// A float16 type, to be closed: 5 bits of exponent and 10 of mantissa.
static inline hid_t strata_h5_stored_half(void) {
  hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

/// A string type of `size` bytes of UTF-8, or of any length where that is 0; to be closed.
static inline hid_t strata_h5_text(size_t size) {
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size == 0 ? H5T_VARIABLE : size);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

/// Closes `object` and keeps what the library says of the failure before, which every call forgets.
static inline void strata_h5_close(hid_t object, herr_t (*close)(hid_t)) {
  hid_t errors = H5Eget_current_stack();
  close(object);
  H5Eset_current_stack(errors);
}

/// Opens a file for reading, with no lock on it: what we read was renamed into place.
static inline hid_t strata_h5_open(const char *path) {
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access, 0, 1);
#endif
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  strata_h5_close(access, H5Pclose);
  return file;
}

/// Makes a new file; fails where there is one.
static inline hid_t strata_h5_create(const char *path) {
  return H5Fcreate(path, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
}

/// Makes a dataset and the groups above it.
static inline hid_t strata_h5_dataset(hid_t file, const char *name, hid_t type, hid_t space) {
  hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_char_encoding(links, H5T_CSET_UTF8);
  hid_t values = H5Pcreate(H5P_DATASET_CREATE);
  // The same arguments give the same bytes.
  H5Pset_obj_track_times(values, 0);
  hid_t dataset = H5Dcreate2(file, name, type, space, links, values, H5P_DEFAULT);
  strata_h5_close(values, H5Pclose);
  strata_h5_close(links, H5Pclose);
  return dataset;
}

/// Whether a dataset's values lie in its own file: neither in others nor computed from others.
static inline int strata_h5_is_own(hid_t dataset) {
  hid_t made = H5Dget_create_plist(dataset);
  if (made < 0) return 0;
  int own = H5Pget_external_count(made) == 0 && H5Pget_layout(made) != H5D_VIRTUAL;
  H5Pclose(made);
  return own;
}

typedef void (*strata_h5_visitor)(const char *name, void *context);

struct strata_h5_walk {
  strata_h5_visitor visit;
  void *context;
};

#if H5_VERSION_GE(1, 12, 0)
typedef H5O_info2_t strata_h5_info;
#define strata_h5_ovisit H5Ovisit3
#else
typedef H5O_info_t strata_h5_info;
#define strata_h5_ovisit H5Ovisit2
#endif

static inline herr_t strata_h5_step(hid_t object, const char *name, const strata_h5_info *info, void *walk) {
  (void)object;
  struct strata_h5_walk *own = (struct strata_h5_walk *)walk;
  if (info->type == H5O_TYPE_DATASET) own->visit(name, own->context);
  return 0;
}

/// Every dataset's name below the root, each object once; links to other files are not followed.
static inline herr_t strata_h5_visit(hid_t file, strata_h5_visitor visit, void *context) {
  struct strata_h5_walk walk = {visit, context};
  return strata_h5_ovisit(file, H5_INDEX_NAME, H5_ITER_INC, strata_h5_step, &walk, H5O_INFO_BASIC);
}

struct strata_h5_text_buffer {
  char *text;
  size_t size;
};

static inline herr_t strata_h5_deepest(unsigned n, const H5E_error2_t *error, void *data) {
  struct strata_h5_text_buffer *buffer = (struct strata_h5_text_buffer *)data;
  if (n == 0 && error->desc) {
    strncpy(buffer->text, error->desc, buffer->size - 1);
    buffer->text[buffer->size - 1] = 0;
  }
  return 0;
}

/// What the library says of its last failure on this thread, at its root; empty where it says nothing.
static inline void strata_h5_reason(char *text, size_t size) {
  struct strata_h5_text_buffer buffer = {text, size};
  text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, strata_h5_deepest, &buffer);
}

#include "trial.h"
