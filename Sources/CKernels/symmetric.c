#include "CKernels.h"
#include "many_cpus.h"

#define CONTRACT _Pragma("clang fp contract(fast)")

/// One value of each of sixteen matrices; memory may hold it anywhere.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

MANY_CPUS int strata_invert_symmetric_lanes(float *values, size_t size, float *scratch) {
  CONTRACT
  lanes *a = (lanes *)values;
  lanes *column = (lanes *)scratch;
  for (size_t k = 0; k < size; k++) {
    lanes pivot = a[k * size + k];
    for (size_t l = 0; l < 16; l++) {
      if (!(pivot[l] > 0)) return 0;
    }
    lanes factor = 1 / pivot;
    for (size_t i = 0; i < size; i++) column[i] = i < k ? a[i * size + k] : a[k * size + i];
    for (size_t i = 0; i < size; i++) {
      if (i == k) continue;
      lanes scaled = column[i] * factor;
      lanes *row = a + i * size;
      for (size_t j = i; j < size; j++) row[j] -= scaled * column[j];
      if (i < k) {
        row[k] = scaled;
      } else {
        a[k * size + i] = scaled;
      }
    }
    a[k * size + k] = -factor;
  }
  for (size_t i = 0; i < size * size; i++) a[i] = -a[i];
  return 1;
}

MANY_CPUS void strata_multiply_symmetric_lanes(
    const float *values, const float *vector, float *product, size_t size) {
  CONTRACT
  const lanes *a = (const lanes *)values;
  const lanes *x = (const lanes *)vector;
  lanes *y = (lanes *)product;
  for (size_t i = 0; i < size; i++) y[i] = a[i * size + i] * x[i];
  for (size_t i = 0; i < size; i++) {
    const lanes *row = a + i * size;
    lanes sum = y[i];
    for (size_t j = i + 1; j < size; j++) {
      sum += row[j] * x[j];
      y[j] += row[j] * x[i];
    }
    y[i] = sum;
  }
}
