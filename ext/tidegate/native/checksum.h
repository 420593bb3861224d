/* CRC32C of a buffer: the processor's instruction where it has one, else eight bytes a step
 * from tables. The polynomial is reflected 0x82F63B78; RFC 3720 B.4 has check values. */
#ifndef TIDEGATE_CHECKSUM_H
#define TIDEGATE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

typedef uint32_t (*tg_crc32c_function)(const void *data, size_t size);

static uint32_t tg_crc32c_table[8][256];

static inline void tg_crc32c_prepare(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
        tg_crc32c_table[0][byte] = crc;
    }
    for (int slice = 1; slice < 8; slice++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = tg_crc32c_table[slice - 1][byte];
            tg_crc32c_table[slice][byte] = (crc >> 8) ^ tg_crc32c_table[0][crc & 255];
        }
}

static inline uint32_t tg_crc32c_portable(const void *data, size_t size)
{
    const unsigned char *at = data;
    uint32_t crc = 0xFFFFFFFFu;
    for (; size >= 8; size -= 8, at += 8) {
        uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                              (uint32_t)at[3] << 24);
        crc = tg_crc32c_table[7][low & 255] ^ tg_crc32c_table[6][low >> 8 & 255] ^
              tg_crc32c_table[5][low >> 16 & 255] ^ tg_crc32c_table[4][low >> 24] ^
              tg_crc32c_table[3][at[4]] ^ tg_crc32c_table[2][at[5]] ^
              tg_crc32c_table[1][at[6]] ^ tg_crc32c_table[0][at[7]];
    }
    for (; size > 0; size--, at++)
        crc = (crc >> 8) ^ tg_crc32c_table[0][(crc ^ *at) & 255];
    return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static inline uint32_t tg_crc32c_instruction(
    const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t crc = 0xFFFFFFFFu, word;
    for (; size >= 8; size -= 8, at += 8) {
        memcpy(&word, at, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    if (size >= 4) {
        uint32_t half;
        memcpy(&half, at, 4);
        crc = _mm_crc32_u32((uint32_t)crc, half);
        size -= 4, at += 4;
    }
    for (; size > 0; size--, at++)
        crc = _mm_crc32_u8((uint32_t)crc, *at);
    return ~(uint32_t)crc;
}

static inline int tg_crc32c_has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

#elif defined(__aarch64__)

__attribute__((target("+crc"))) static inline uint32_t tg_crc32c_instruction(
    const void *data, size_t size)
{
    const unsigned char *at = data;
    uint32_t crc = 0xFFFFFFFFu;
    uint64_t word;
    for (; size >= 8; size -= 8, at += 8) {
        memcpy(&word, at, 8);
        crc = __crc32cd(crc, word);
    }
    for (; size > 0; size--, at++)
        crc = __crc32cb(crc, *at);
    return ~crc;
}

static inline int tg_crc32c_has_instruction(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

#else

static inline uint32_t tg_crc32c_instruction(const void *data, size_t size)
{
    return tg_crc32c_portable(data, size);
}

static inline int tg_crc32c_has_instruction(void)
{
    return 0;
}

#endif

#endif
