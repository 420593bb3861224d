/* must() for what can only be a bug, and integer arithmetic that says when it overflows. */
#ifndef TIDEGATE_INVARIANT_H
#define TIDEGATE_INVARIANT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* On in every build; the line is the .pyx line. A crash is handled by replay. */
#define must(condition) \
    (__builtin_expect(!!(condition), 1) ? (void)0 : tg_violated(__FILE__, __LINE__, __func__))

__attribute__((noreturn, cold, unused)) static void tg_violated(
    const char *file, int line, const char *function)
{
    fprintf(stderr, "tidegate: invariant violated at %s:%d in %s\n", file, line, function);
    fflush(stderr);
    abort();
}

/* True when the result fits; when it does not, the output is not to be used. */
static inline bool mul_checked(int64_t left, int64_t right, int64_t *product)
{
    return !__builtin_mul_overflow(left, right, product);
}

static inline bool add_checked(int64_t left, int64_t right, int64_t *sum)
{
    return !__builtin_add_overflow(left, right, sum);
}

static inline bool sub_checked(int64_t left, int64_t right, int64_t *difference)
{
    return !__builtin_sub_overflow(left, right, difference);
}

#endif
