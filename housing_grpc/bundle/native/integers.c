/* Reads repeated integers out of protobuf's wire format, where they are not packed: each stands
 * behind a key of one byte, the same for all. */
#include "native.h"

/* Nine groups of seven bits: the largest number that is not below zero. */
#define LONGEST 9

/* Returns the bytes that an integer takes, or 0 if it has no end or is below zero. */
static size_t length(const unsigned char *data, size_t size) {
    for (size_t i = 0; i < size && i < LONGEST; i++)
        if (data[i] < 0x80)
            return i + 1;
    return 0;
}

ptrdiff_t integers_count(const unsigned char *data, size_t size, size_t *end) {
    ptrdiff_t count = 0;
    size_t at = 0;
    while (at < size && data[at] == data[0]) {
        size_t taken = length(data + at + 1, size - at - 1);
        if (!taken)
            return -1;
        at += 1 + taken;
        count++;
    }
    *end = at;
    return count;
}

void integers_read(const unsigned char *data, size_t count, int64_t *out) {
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        unsigned shift = 0;
        data++;
        while (*data >= 0x80) {
            number |= (uint64_t)(*data++ & 0x7F) << shift;
            shift += 7;
        }
        out[i] = (int64_t)(number | (uint64_t)*data++ << shift);
    }
}
