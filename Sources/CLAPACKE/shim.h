#pragma once
// LAPACKE's complex types default to C's `_Complex`, which Swift drops.
#define LAPACK_COMPLEX_CUSTOM
typedef struct { float re, im; } lapack_complex_float;
typedef struct { double re, im; } lapack_complex_double;
#include <lapacke.h>
