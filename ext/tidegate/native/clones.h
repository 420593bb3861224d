/* Loops over the 16 scenarios, plain C for the vectoriser. Their products of 32 bits by lanes need
 * AVX2: which version runs is chosen once, when the library is loaded, so that one build serves
 * every x86-64. Elsewhere the compiler's own choice is the only one. */
#ifndef TIDEGATE_CLONES_H
#define TIDEGATE_CLONES_H

/* A sanitizer is not ready yet when the choice is made. Tests define it to have one version. */
#ifndef TG_CLONES
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__OPTIMIZE__) && \
    !defined(__SANITIZE_ADDRESS__)
#define TG_CLONES __attribute__((target_clones("avx2", "default"), noinline, unused))
#else
#define TG_CLONES __attribute__((unused))
#endif
#endif

#endif
