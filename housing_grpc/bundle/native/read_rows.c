/* Reads rows out of protobuf's wire format, if they are written in the usual way.
 *
 * A list is entries of field 1, each a row; a row is doubles of the fields 1 to its width, in
 * any order, of which the last counts. Whatever else the format allows is not judged here.
 */
#include <math.h>
#include <string.h>

#include "native.h"

#define ENTRY 0x0A /* field 1, with a length */
#define FIXED64 1
#define VALUE_BYTES 9

ptrdiff_t count_rows(const unsigned char *data, size_t size) {
    size_t count = 0, at = 0;
    while (at < size) {
        /* Of two bytes, the length is above all that a row takes without repetitions. */
        if (size - at < 2 || data[at] != ENTRY || data[at + 1] >= 0x80)
            return -1;
        at += 2 + (size_t)data[at + 1];
        count++;
    }
    return at == size ? (ptrdiff_t)count : -1;
}

static int read_row(const unsigned char *data, size_t size, double *row, size_t width) {
    if (size % VALUE_BYTES)
        return 0;
    for (size_t f = 0; f < width; f++)
        row[f] = NAN;
    for (size_t at = 0; at < size; at += VALUE_BYTES) {
        size_t field = data[at] >> 3;
        if ((data[at] & 7) != FIXED64 || field < 1 || field > width)
            return 0;
        memcpy(&row[field - 1], data + at + 1, sizeof(double));
        if (isnan(row[field - 1])) /* A NaN that was sent is not a value that is missing. */
            return 0;
    }
    return 1;
}

int read_all_rows(const unsigned char *data, size_t count, double *rows, size_t width) {
    for (size_t i = 0; i < count; i++) {
        size_t size = data[1];
        if (!read_row(data + 2, size, rows + i * width, width))
            return 0;
        data += 2 + size;
    }
    return 1;
}
