/* SPDX-License-Identifier: GPL-2.0-only */
/* Lets a test include a header of the kernel side (bpf/) as plain C. The test has the maps and the helpers itself. */
#ifndef PORTCLASH_TESTS_KERNEL_SIDE_H
#define PORTCLASH_TESTS_KERNEL_SIDE_H

/* Global functions of the kernel side have no prototypes, and its loops have pragmas for clang. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

#define PORTCLASH_MAPS_BPF_H
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline __attribute__((noinline))
#define barrier() asm volatile("" ::: "memory")
#define barrier_var(x) asm volatile("" : "+r"(x))

#endif
