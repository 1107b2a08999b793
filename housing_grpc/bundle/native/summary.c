/* What rows hold that has to be reported: blanks, values outside the training ranges or outside
 * what can be scored at all. */
#include <math.h>
#include <string.h>

#include "native.h"

/* Two values at a time, which every compiler for this can do. */
typedef double Pair __attribute__((vector_size(16)));
typedef int64_t Marks __attribute__((vector_size(16)));

/* Beyond, a double may be a whole number that no int64 holds. */
#define MOST_WHOLE 0x1p52

static Pair pair(const double *from) {
    Pair values;
    memcpy(&values, from, sizeof values);
    return values;
}

/* Written so that a NaN is marked. */
static Marks beyond(const Limits *limits, const double *row, size_t f) {
    Pair values = pair(row + f);
    return ~((values >= pair(limits->low + f)) & (values <= pair(limits->high + f)));
}

static int differs(const Limits *limits, const double *row) {
    size_t last = limits->features - 2;
    Marks marks = beyond(limits, row, last);
    for (size_t f = 0; f < last; f += 2)
        marks |= beyond(limits, row, f);
    if (marks[0] | marks[1])
        return 1;
    for (size_t i = 0; i < limits->wholes; i++) {
        double value = row[limits->whole[i]];
        if (!(fabs(value) < MOST_WHOLE) || (double)(int64_t)value != value)
            return 1;
    }
    return 0;
}

static void note(const Limits *limits, const double *row, Summary *summary) {
    size_t missing = 0;
    int outside = 0, refused = 0;
    for (size_t f = 0; f < limits->features; f++) {
        int blank = isnan(row[f]) != 0;
        int beyond = (row[f] < limits->minimum[f]) | (row[f] > limits->maximum[f]);
        missing += (size_t)blank;
        outside |= beyond;
        refused |= (row[f] < limits->lowest[f]) | (row[f] > limits->highest[f]);
        summary->missing[f] += blank;
        summary->outside[f] += beyond;
    }
    for (size_t i = 0; i < limits->wholes; i++) {
        double value = row[limits->whole[i]];
        refused |= value > floor(value);
    }
    summary->missing_rows += missing > 0;
    summary->outside_rows += outside;
    summary->refused_rows += refused || missing == limits->features;
}

const char *limits_make(Limits *limits, const double *minimum, const double *maximum,
                        const double *domain, size_t features) {
    if (features < 2 || features > MAX_FEATURES)
        return "the number of features is out of bounds";
    limits->features = features;
    limits->wholes = 0;
    limits->minimum = minimum;
    limits->maximum = maximum;
    limits->lowest = domain;
    limits->highest = domain + features;
    for (size_t f = 0; f < features; f++) {
        limits->low[f] = fmax(minimum[f], limits->lowest[f]);
        limits->high[f] = fmin(maximum[f], limits->highest[f]);
        if (domain[2 * features + f] != 0)
            limits->whole[limits->wholes++] = f;
    }
    return NULL;
}

void summarize_rows(const Limits *limits, const double *rows, size_t count, Summary *summary) {
    for (size_t i = 0; i < count; i++) {
        const double *row = rows + i * limits->features;
        /* Most rows hold nothing to report, which is much the quicker question. */
        if (differs(limits, row))
            note(limits, row, summary);
    }
}
