#include "CKernels.h"
#include "many_cpus.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

// The scalar functions are inlined into each version of the loops around them. They hold no branches, so that
// a loop over them becomes wide instructions.
#define INLINE static inline __attribute__((always_inline))

// Sums may be taken in any order, which is what lets the compiler keep several of them at once.
#define ANY_ORDER _Pragma("clang fp reassociate(on) contract(fast)")

/// exp(x) = 2ⁿ·exp(r) with n = round(x/ln 2) and |r| ≤ ln 2 / 2; the polynomial is a minimax fit (3e-9).
INLINE float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  // Adding 1.5·2²³ leaves the rounded number in the low bits of the sum.
  const float shift = 12582912.0f;
  float shifted = x * 1.44269504f + shift;
  float n = shifted - shift;
  float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.38146128e-3f;
  p = p * r + 8.36871006e-3f;
  p = p * r + 4.16683890e-2f;
  p = p * r + 1.66665211e-1f;
  p = p * r + 4.99999940e-1f;
  p = p * r * r + r + 1.0f;
  int32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  // Unsigned, since a NaN's bits may overflow; the product stays NaN.
  uint32_t scale_bits = ((uint32_t)bits + 127u) << 23;
  float scale;
  memcpy(&scale, &scale_bits, sizeof scale);
  return p * scale;
}

/// erf(x) = x·P(x²)/Q(x²) on |x| < 4, ±1 beyond: our own fit, scripts/fit-erf.py (5.4e-8).
INLINE float rational_erf(float x) {
  // Exactly 1 beyond, since gelu multiplies what is left of 1 − 1 by its argument.
  float sign = x > 0.0f ? 1.0f : -1.0f;
  float t = x * x;
  float p = 1.92172269e-08f;
  p = p * t - 1.99032479e-06f;
  p = p * t + 1.55537244e-04f;
  p = p * t + 4.29306645e-03f;
  p = p * t + 5.24335057e-02f;
  p = p * t + 2.13945001e-01f;
  p = p * t + 1.12837863f;
  float q = 1.09804177e-03f;
  q = q * t + 1.55511163e-02f;
  q = q * t + 1.20799743e-01f;
  q = q * t + 5.22931457e-01f;
  q = q * t + 1.0f;
  return t > 16.0f ? sign : x * p / q;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

MANY_CPUS void strata_exp(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = fast_exp(x[i]);
}

MANY_CPUS void strata_gelu(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float half = 0.5f * x[i];
    x[i] = half + half * rational_erf(0.707106781f * x[i]);
  }
}

MANY_CPUS void strata_gelu_tanh(float *x, size_t count) {
  // (1 + tanh u)/2 is the sigmoid of 2u.
  for (size_t i = 0; i < count; i++) {
    float u = 0.797884561f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
    x[i] = x[i] * sigmoid(2.0f * u);
  }
}

MANY_CPUS void strata_silu(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = x[i] * sigmoid(x[i]);
}

MANY_CPUS void strata_gelu_slope(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float share = 0.5f + 0.5f * rational_erf(0.707106781f * x[i]);
    x[i] = share + x[i] * 0.398942280f * fast_exp(-0.5f * x[i] * x[i]);
  }
}

MANY_CPUS void strata_gelu_tanh_slope(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float square = x[i] * x[i];
    float share = sigmoid(1.59576912f * x[i] * (1.0f + 0.044715f * square));
    x[i] = share + x[i] * share * (1.0f - share) * 1.59576912f * (1.0f + 0.134145f * square);
  }
}

MANY_CPUS void strata_silu_slope(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float share = sigmoid(x[i]);
    x[i] = share * (1.0f + x[i] * (1.0f - share));
  }
}

MANY_CPUS void strata_gelu_share(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = 0.5f + 0.5f * rational_erf(0.707106781f * x[i]);
}

MANY_CPUS void strata_gelu_tanh_share(float *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    x[i] = sigmoid(1.59576912f * x[i] * (1.0f + 0.044715f * x[i] * x[i]));
}

MANY_CPUS void strata_relu(float *x, size_t count) {
  // Written so that a NaN stays one.
  for (size_t i = 0; i < count; i++) x[i] = x[i] < 0.0f ? 0.0f : x[i];
}

// Rows of scores are worked on in whole steps of this many values, the padding among them.
enum { LANES = 32 };

INLINE void softmax_row(float *x, size_t width, size_t padded) {
  // e⁻⁸⁷ (what anything lower is held to) is too small to count.
  for (size_t j = width; j < padded; j++) x[j] = -INFINITY;
  float lanes[LANES];
  memcpy(lanes, x, sizeof lanes);
  for (size_t j = LANES; j < padded; j += LANES)
    for (size_t l = 0; l < LANES; l++) lanes[l] = x[j + l] > lanes[l] ? x[j + l] : lanes[l];
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; l++) lanes[l] = lanes[l + half] > lanes[l] ? lanes[l + half] : lanes[l];
  // A NaN may have been passed over; it shows in the sum.
  float maximum = lanes[0];

  for (size_t l = 0; l < LANES; l++) lanes[l] = 0.0f;
  for (size_t j = 0; j < padded; j += LANES)
    for (size_t l = 0; l < LANES; l++) {
      x[j + l] = fast_exp(x[j + l] - maximum);
      lanes[l] += x[j + l];
    }
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t l = 0; l < half; l++) lanes[l] += lanes[l + half];
  float scale = 1.0f / lanes[0];
  for (size_t j = 0; j < padded; j += LANES)
    for (size_t l = 0; l < LANES; l++) x[j + l] *= scale;
}

INLINE size_t padded_width(size_t width) { return (width + LANES - 1) / LANES * LANES; }

MANY_CPUS void strata_softmax_rows(float *x, size_t rows, size_t width, size_t stride) {
  if (width == 0) return;
  for (size_t i = 0; i < rows; i++) softmax_row(x + i * stride, width, padded_width(width));
}

MANY_CPUS void strata_softmax_rows_biased(
    float *restrict x, size_t rows, size_t width, size_t stride, const float *restrict gate,
    const float *restrict bias) {
  if (width == 0) return;
  for (size_t i = 0; i < rows; i++) {
    float *row = x + i * stride;
    const float *shifted = bias - i;
    float factor = gate[i];
    for (size_t j = 0; j < width; j++) row[j] += factor * shifted[j];
    softmax_row(row, width, padded_width(width));
  }
}

MANY_CPUS void strata_layer_norm_rows(
    const float *x, float *y, size_t rows, size_t width, const float *weight, const float *bias,
    float epsilon) {
  ANY_ORDER
  for (size_t i = 0; i < rows; i++) {
    const float *from = x + i * width;
    float *to = y + i * width;
    float sum = 0.0f;
    for (size_t j = 0; j < width; j++) sum += from[j];
    float mean = sum / (float)width;
    float squares = 0.0f;
    for (size_t j = 0; j < width; j++) squares += (from[j] - mean) * (from[j] - mean);
    float scale = 1.0f / sqrtf(squares / (float)width + epsilon);
    // `to` may be `from`, never a part of it.
    if (weight) {
      _Pragma("clang loop vectorize(assume_safety)")
      for (size_t j = 0; j < width; j++) to[j] = (from[j] - mean) * scale * weight[j] + bias[j];
    } else {
      _Pragma("clang loop vectorize(assume_safety)")
      for (size_t j = 0; j < width; j++) to[j] = (from[j] - mean) * scale;
    }
  }
}

MANY_CPUS void strata_rms_norm_rows(
    const float *x, float *y, size_t rows, size_t width, const float *weight, float epsilon) {
  ANY_ORDER
  for (size_t i = 0; i < rows; i++) {
    const float *from = x + i * width;
    float *to = y + i * width;
    float squares = 0.0f;
    for (size_t j = 0; j < width; j++) squares += from[j] * from[j];
    float scale = 1.0f / sqrtf(squares / (float)width + epsilon);
    // `to` may be `from`, never a part of it.
    if (weight) {
      _Pragma("clang loop vectorize(assume_safety)")
      for (size_t j = 0; j < width; j++) to[j] = from[j] * scale * weight[j];
    } else {
      _Pragma("clang loop vectorize(assume_safety)")
      for (size_t j = 0; j < width; j++) to[j] = from[j] * scale;
    }
  }
}

MANY_CPUS void strata_fill_rows(
    float *restrict y, size_t stride, const float *restrict x, size_t x_stride, const float *restrict row,
    size_t rows, size_t width) {
  for (size_t i = 0; i < rows; i++) {
    float *restrict to = y + i * stride;
    if (x) {
      const float *restrict from = x + i * x_stride;
      for (size_t j = 0; j < width; j++) to[j] = from[j] + row[j];
    } else {
      memcpy(to, row, width * sizeof(float));
    }
  }
}

MANY_CPUS void strata_subtract_rows(
    float *restrict y, const float *restrict a, const float *restrict b, size_t stride, size_t rows,
    size_t width) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < width; j++) y[i * width + j] = a[i * stride + j] - b[i * stride + j];
}

// Channels whose sums stay in registers while the window is gone through.
enum { CHANNELS = 64 };

MANY_CPUS void strata_convolve_samples(
    const float *restrict x, size_t step, float *restrict y, size_t rows, size_t width,
    const float *restrict taps, size_t kernel, const float *restrict bias) {
  size_t wide = width / CHANNELS * CHANNELS;
  for (size_t j = 0; j < wide; j += CHANNELS)
    for (size_t i = 0; i < rows; i++) {
      float sums[CHANNELS];
      for (size_t l = 0; l < CHANNELS; l++) sums[l] = bias[j + l];
      for (size_t k = 0; k < kernel; k++)
        for (size_t l = 0; l < CHANNELS; l++) sums[l] += x[i * step + k] * taps[k * width + j + l];
      for (size_t l = 0; l < CHANNELS; l++) y[i * width + j + l] = sums[l];
    }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = wide; j < width; j++) y[i * width + j] = bias[j];
    for (size_t k = 0; k < kernel; k++)
      for (size_t j = wide; j < width; j++) y[i * width + j] += x[i * step + k] * taps[k * width + j];
  }
}

// From the smaller exponential, so that nothing overflows.
INLINE float fast_tanh(float x) {
  float e = fast_exp(-2.0f * fabsf(x));
  return copysignf((1.0f - e) / (1.0f + e), x);
}

MANY_CPUS void strata_tanh(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = fast_tanh(x[i]);
}

MANY_CPUS void strata_sigmoid(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = sigmoid(x[i]);
}

MANY_CPUS void strata_lstm_step(
    const float *restrict gates, float *restrict c, float *restrict h, size_t width) {
  for (size_t i = 0; i < width; i++) {
    float state = sigmoid(gates[width + i]) * c[i] + sigmoid(gates[i]) * fast_tanh(gates[2 * width + i]);
    c[i] = state;
    h[i] = sigmoid(gates[3 * width + i]) * fast_tanh(state);
  }
}

MANY_CPUS void strata_gru_step(
    const float *restrict input, const float *restrict recurrent, const float *before, float *h,
    size_t width) {
  for (size_t i = 0; i < width; i++) {
    float reset = sigmoid(input[i] + recurrent[i]);
    float update = sigmoid(input[width + i] + recurrent[width + i]);
    float new = fast_tanh(input[2 * width + i] + reset * recurrent[2 * width + i]);
    h[i] = new + update * (before[i] - new);
  }
}

// How far ahead of its use a block's column is asked for, in columns.
enum { AHEAD = 16 };

MANY_CPUS void strata_packed_product(
    const float *restrict packed, size_t blocks, size_t columns, const float *restrict x,
    float *restrict y, int backwards) {
  for (size_t turn = 0; turn < blocks; turn++) {
    size_t block = backwards ? blocks - 1 - turn : turn;
    const float *column = packed + block * columns * STRATA_PACKED_ROWS;
    float sums[STRATA_PACKED_ROWS];
    for (size_t i = 0; i < STRATA_PACKED_ROWS; i++) sums[i] = y[block * STRATA_PACKED_ROWS + i];
    for (size_t k = 0; k < columns; k++, column += STRATA_PACKED_ROWS) {
      // A hint only: nothing is read past the end.
      for (size_t i = 0; i < STRATA_PACKED_ROWS; i += 16)
        __builtin_prefetch((const void *)((uintptr_t)column + 4 * (AHEAD * STRATA_PACKED_ROWS + i)));
      for (size_t i = 0; i < STRATA_PACKED_ROWS; i++) sums[i] += column[i] * x[k];
    }
    for (size_t i = 0; i < STRATA_PACKED_ROWS; i++) y[block * STRATA_PACKED_ROWS + i] = sums[i];
  }
}

MANY_CPUS int strata_all_finite(const float *x, size_t count) {
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    found |= (bits & 0x7f800000u) == 0x7f800000u;
  }
  return found == 0;
}
