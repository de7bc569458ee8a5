#pragma once
#include <stddef.h>

// The few elementwise loops that the compiler vectorises well in C: each is built for several CPUs and the
// right one is picked when the program is loaded. Every function has a plain Swift version in the tests.
