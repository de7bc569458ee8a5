#pragma once
#include <stddef.h>
#include <stdint.h>

// The few elementwise loops that the compiler vectorises well in C: each is built for several CPUs and the
// right one is picked when the program is loaded. Every function has a plain Swift version in the tests.
//
// Matrices are row-major; `stride` is the distance between rows, in values. Nothing is allocated.

/// x = exp(x). Relative error below 2e-7; arguments are held to ±87, so that the smallest result is 1e-38.
void strata_exp(float *x, size_t count);

/// x = x·Φ(x), with Φ the normal distribution's: the exact gelu. Absolute error below 1e-6.
void strata_gelu(float *x, size_t count);

/// x = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))): gelu's older approximation.
void strata_gelu_tanh(float *x, size_t count);

/// x = x·sigmoid(x).
void strata_silu(float *x, size_t count);

/// Derivatives: x = Φ(x) + x·φ(x), with φ the normal distribution's density, for gelu, and those of its older
/// approximation and of silu. Absolute error below 1e-6.
void strata_gelu_slope(float *x, size_t count);
void strata_gelu_tanh_slope(float *x, size_t count);
void strata_silu_slope(float *x, size_t count);

/// What they multiply x by: x = Φ(x), and of the older gelu (1 + tanh(…))/2; silu's is the sigmoid.
void strata_gelu_share(float *x, size_t count);
void strata_gelu_tanh_share(float *x, size_t count);

/// x = max(x, 0).
void strata_relu(float *x, size_t count);

/// Each row becomes exp(x − max) / Σ exp(x − max). Rows are padded: `stride` is at least `width` rounded up to
/// 32, and what lies between is overwritten.
void strata_softmax_rows(float *x, size_t rows, size_t width, size_t stride);

/// Softmax of x[i][j] + gate[i]·bias[j − i]; `bias` points at the value for j = i = 0 and is read from
/// bias[1 − rows] to bias[width − 1]. Rows are padded in the same way.
void strata_softmax_rows_biased(
    float *x, size_t rows, size_t width, size_t stride, const float *gate, const float *bias);

/// y = (x − mean)/√(variance + epsilon)·weight + bias, row by row; y may be x.
void strata_layer_norm_rows(
    const float *x, float *y, size_t rows, size_t width, const float *weight, const float *bias,
    float epsilon);

/// y = x/√(mean of x² + epsilon)·weight, row by row; y may be x, weight null for ones.
void strata_rms_norm_rows(
    const float *x, float *y, size_t rows, size_t width, const float *weight, float epsilon);

/// y[i] = row + x[i] for all rows; x may be null for zeros, and is nowhere y.
void strata_fill_rows(
    float *y, size_t stride, const float *x, size_t x_stride, const float *row, size_t rows,
    size_t width);

/// y[i] = a[i] − b[i], with the rows of a and b `stride` apart and those of y side by side.
void strata_subtract_rows(
    float *y, const float *a, const float *b, size_t stride, size_t rows, size_t width);

/// y[i] = bias + Σₖ taps[k]·x[i·step + k]: a convolution of single samples into `width` channels, with `taps` as
/// `kernel` rows of them.
void strata_convolve_samples(
    const float *x, size_t step, float *y, size_t rows, size_t width, const float *taps, size_t kernel,
    const float *bias);

/// x = tanh(x). Absolute error below 2e-7.
void strata_tanh(float *x, size_t count);

/// x = 1/(1 + exp(−x)).
void strata_sigmoid(float *x, size_t count);

/// One step of an LSTM: from what its four gates are given (input, forget, cell, output, `width` each) and its
/// cell's state c, which is updated, to its output h.
void strata_lstm_step(const float *gates, float *c, float *h, size_t width);

/// One step of a GRU: from what its gates (reset, update, new, `width` each) are given by the input and by the state
/// before, to the new state h; `before` may be h.
void strata_gru_step(
    const float *input, const float *recurrent, const float *before, float *h, size_t width);

/// Rows that `strata_packed_product` takes at once: a packed matrix is blocks of as many, each block column by column.
enum { STRATA_PACKED_ROWS = 64 };

/// y += A·x with A packed in `blocks` blocks of STRATA_PACKED_ROWS rows and `columns` columns; y has as many values as
/// the blocks have rows. Where `backwards`, blocks are taken from the last to the first: a matrix larger than a
/// cache, read up and down in turn, is still there in part.
void strata_packed_product(
    const float *packed, size_t blocks, size_t columns, const float *x, float *y, int backwards);

/// 1 where no value is infinite or NaN.
int strata_all_finite(const float *x, size_t count);

/// Bytes of address space that this process may still take (`ulimit -v`); -1 where there is no limit, or none is known.
int64_t strata_address_space_left(void);

/// Sixteen symmetric matrices [size × size] side by side, a[i][j][lane], of which j ≥ i is read and written: each becomes
/// its inverse by sweeps (Goodnight 1979). `scratch` holds 16·size values. 0 where a pivot is not positive, and the values
/// are then spoilt; else 1.
int strata_invert_symmetric_lanes(float *a, size_t size, float *scratch);

/// y[i][lane] = Σ a[i][j][lane]·x[j][lane] with such matrices.
void strata_multiply_symmetric_lanes(const float *a, const float *x, float *y, size_t size);
