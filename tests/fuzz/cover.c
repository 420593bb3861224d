/* Coverage of compiled modules for a fuzzer whose counters are in libFuzzer: gcc calls
 * __sanitizer_cov_trace_pc() on every edge, libFuzzer wants counters that it was told of. Preloaded
 * before the sanitizers, which have empty functions of these names; tg_cover_begin() hands the
 * counters over, and from then on what modules compare goes to libFuzzer too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TG_COUNTERS 65536

static uint8_t counters[TG_COUNTERS];
static uintptr_t places[TG_COUNTERS][2];

void __sanitizer_cov_trace_pc(void)
{
    uintptr_t at = (uintptr_t)__builtin_return_address(0);
    uint8_t *counter = &counters[(at ^ at >> 16) % TG_COUNTERS];
    *counter += *counter < 255;
}

/* What libFuzzer sees as the place of a comparison is this function: its own return address would
 * be needed to tell places apart, so all of one width share their hints. */
#define COMPARE(name, type)                                                                        \
    static void (*to_##name)(type, type);                                                          \
    void __sanitizer_cov_trace_##name(type one, type other)                                        \
    {                                                                                              \
        if (to_##name)                                                                             \
            to_##name(one, other);                                                                 \
    }

COMPARE(cmp1, uint8_t)
COMPARE(cmp2, uint16_t)
COMPARE(cmp4, uint32_t)
COMPARE(cmp8, uint64_t)
COMPARE(const_cmp1, uint8_t)
COMPARE(const_cmp2, uint16_t)
COMPARE(const_cmp4, uint32_t)
COMPARE(const_cmp8, uint64_t)

void __sanitizer_cov_trace_cmpf(void)
{
}

void __sanitizer_cov_trace_cmpd(void)
{
}

void __sanitizer_cov_trace_switch(void)
{
}

typedef void counters_init(uint8_t *, uint8_t *);
typedef void places_init(const uintptr_t *, const uintptr_t *);

static int find_fuzzer(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    if (info->dlpi_name == NULL || strstr(info->dlpi_name, "core_with_libfuzzer") == NULL)
        return 0;
    *(void **)found = dlopen(info->dlpi_name, RTLD_NOW | RTLD_NOLOAD);
    return 1;
}

/* libFuzzer's own function of this name; NULL while it is not loaded. */
static void *of_fuzzer(const char *name)
{
    static void *fuzzer;
    if (fuzzer == NULL)
        dl_iterate_phdr(find_fuzzer, &fuzzer);
    return fuzzer == NULL ? NULL : dlsym(fuzzer, name);
}

/* atheris calls these for Python's counters; without these two a sanitizer's would take them. */
void __sanitizer_cov_8bit_counters_init(uint8_t *begin, uint8_t *end)
{
    counters_init *take = (counters_init *)of_fuzzer("__sanitizer_cov_8bit_counters_init");
    if (take != NULL)
        take(begin, end);
}

void __sanitizer_cov_pcs_init(const uintptr_t *begin, const uintptr_t *end)
{
    places_init *take = (places_init *)of_fuzzer("__sanitizer_cov_pcs_init");
    if (take != NULL)
        take(begin, end);
}

/* -1 when libFuzzer is not there. */
int tg_cover_begin(void)
{
    if (of_fuzzer("__sanitizer_cov_8bit_counters_init") == NULL)
        return -1;
    for (size_t index = 0; index < TG_COUNTERS; index++)
        places[index][0] = index + 1;
    __sanitizer_cov_8bit_counters_init(counters, counters + TG_COUNTERS);
    __sanitizer_cov_pcs_init(&places[0][0], &places[0][0] + 2 * TG_COUNTERS);
#define FIND(name, type)                                                                           \
    to_##name = (void (*)(type, type))of_fuzzer("__sanitizer_cov_trace_" #name);
    FIND(cmp1, uint8_t)
    FIND(cmp2, uint16_t)
    FIND(cmp4, uint32_t)
    FIND(cmp8, uint64_t)
    FIND(const_cmp1, uint8_t)
    FIND(const_cmp2, uint16_t)
    FIND(const_cmp4, uint32_t)
    FIND(const_cmp8, uint64_t)
    return 0;
}
