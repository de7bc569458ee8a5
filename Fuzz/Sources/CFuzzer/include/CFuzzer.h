#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a function: calls `target` with one input after the other until it fails or the time is up.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));
