#pragma once

// x86-64 builds hold three versions of each loop; other CPUs have one baseline that suits them all.
#if defined(__x86_64__) && defined(__linux__) && defined(__has_attribute) && defined(__has_feature)
// The choice is made while the program is loaded, when the thread sanitizer's runtime is not there yet.
#if __has_attribute(target_clones) && !__has_feature(thread_sanitizer)
#define MANY_CPUS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef MANY_CPUS
#define MANY_CPUS
#endif
