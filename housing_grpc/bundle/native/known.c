/* How far a row is from the nearest known house, and how unusual that is; parts/neighbours.py has
 * the same in numpy. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

/* As in parts/neighbours.py. */
#define MOST_SCORE 1000.0
#define TIE 1e-6

const char *known_make(Known *known, const KnownSource *source) {
    size_t features = source->features, knots = 0;
    if (!source->points || !source->held)
        return "there is no known house, or no distance";
    known->features = features;
    known->blocks = (source->points + LANES - 1) / LANES;
    known->held = source->held;
    for (size_t f = 0; f < features; f++) {
        int64_t count = source->counts[f];
        if (count < 1 || (uint64_t)count > source->knots - knots)
            return "a feature has no knot, or more than there are";
        known->start[f] = knots;
        knots += (size_t)count;
    }
    known->start[features] = knots;
    if (knots != source->knots)
        return "a knot belongs to no feature";
    known->values = malloc(knots * sizeof(double));
    known->scores = malloc(knots * sizeof(double));
    known->distances = malloc(source->held * sizeof(double));
    known->points = malloc(known->blocks * LANES * features * sizeof(float));
    known->matrix = source->matrix ? malloc(features * features * sizeof(double)) : NULL;
    if (!known->values || !known->scores || !known->distances || !known->points ||
        (source->matrix && !known->matrix))
        return NO_MEMORY;
    memcpy(known->values, source->values, knots * sizeof(double));
    memcpy(known->scores, source->scores, knots * sizeof(double));
    memcpy(known->distances, source->distances, source->held * sizeof(double));
    if (source->matrix)
        memcpy(known->matrix, source->matrix, features * features * sizeof(double));
    for (size_t i = 0; i < known->blocks * LANES; i++)
        for (size_t f = 0; f < features; f++) {
            float *lane = known->points + (i / LANES * features + f) * LANES + i % LANES;
            /* Nothing is near to what fills the last lanes. */
            *lane = i < source->points ? (float)source->coordinates[i * features + f] : INFINITY;
        }
    return NULL;
}

void known_free(Known *known) {
    free(known->values);
    free(known->scores);
    free(known->distances);
    free(known->points);
    free(known->matrix);
}

/* Between two knots as the line through both, beyond the last as the value itself. */
static double normal_score(const double *values, const double *scores, size_t count, double value) {
    size_t low = 0, left = count;
    /* Without a branch that the processor would have to guess. */
    while (left) {
        size_t half = left / 2;
        int beyond = values[low + half] <= value;
        low += beyond ? half + 1 : 0;
        left = beyond ? left - half - 1 : half;
    }
    double score;
    if (low == 0) {
        score = scores[0] + (value - values[0]);
    } else if (low == count) {
        score = scores[count - 1] + (value - values[count - 1]);
    } else {
        double share = (value - values[low - 1]) / (values[low] - values[low - 1]);
        score = scores[low - 1] + share * (scores[low] - scores[low - 1]);
    }
    /* Written so that a NaN becomes a bound. */
    score = score < MOST_SCORE ? score : MOST_SCORE;
    return score > -MOST_SCORE ? score : -MOST_SCORE;
}

/* A lane a house, computed with at once; an extension that gcc and clang share. Compilers do not keep
 * plain arrays in registers here, which takes more than twice as long. */
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Marks __attribute__((vector_size(LANES * sizeof(float))));

/* Returns the smallest squared distance; each is summed in the order of the features. */
static inline __attribute__((always_inline)) float nearest_of(const Known *known, const float *at) {
    Lanes least = (Lanes){0} + INFINITY;
    for (size_t block = 0; block < known->blocks; block++) {
        const float *lanes = known->points + block * known->features * LANES;
        Lanes sum = {0};
        for (size_t f = 0; f < known->features; f++) {
            Lanes gap;
            memcpy(&gap, lanes + f * LANES, sizeof gap);
            gap -= at[f];
            sum += gap * gap;
        }
        Marks nearer = sum < least;
        least = (Lanes)((nearer & (Marks)sum) | (~nearer & (Marks)least));
    }
    float nearest = least[0];
    for (size_t k = 1; k < LANES; k++)
        nearest = least[k] < nearest ? least[k] : nearest;
    return nearest;
}

#ifdef __x86_64__
/* The same operations and bits, twice as many at a time. */
__attribute__((target("avx2"))) static float nearest_avx2(const Known *known, const float *at) {
    return nearest_of(known, at);
}
#endif

static float nearest_usual(const Known *known, const float *at) {
    return nearest_of(known, at);
}

double known_distance(const Known *known, const double *row) {
    size_t features = known->features;
    double scores[MAX_FEATURES];
    float at[MAX_FEATURES];
    for (size_t f = 0; f < features; f++) {
        size_t start = known->start[f];
        scores[f] = normal_score(known->values + start, known->scores + start,
                                 known->start[f + 1] - start, row[f]);
    }
    for (size_t f = 0; f < features; f++) {
        double sum = 0;
        for (size_t g = 0; known->matrix && g < features; g++)
            sum += known->matrix[f * features + g] * scores[g];
        at[f] = (float)(known->matrix ? sum : scores[f]);
    }
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return sqrt((double)nearest_avx2(known, at));
#endif
    return sqrt((double)nearest_usual(known, at));
}

double known_p_value(const Known *known, double distance) {
    size_t low = 0, high = known->held;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (known->distances[middle] < distance - TIE)
            low = middle + 1;
        else
            high = middle;
    }
    return (1.0 + (double)(known->held - low)) / (1.0 + (double)known->held);
}
