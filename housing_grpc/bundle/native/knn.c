/* The mean of the nearest training rows; `KnnImputer` in imputers.py says what near means. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

/* As in imputers.py. */
#define TIE 1e-9
/* Of a selection; among 65,536 rows, which a bundle may have, most orders take some 25. */
#define MOST_ROUNDS 64

const char *knn_make(Knn *knn, size_t features, const double *rows, size_t count,
                     size_t neighbors) {
    if (!count || !neighbors)
        return "a KNN imputer needs a row and a neighbour at least";
    knn->rows = count;
    knn->neighbors = neighbors;
    knn->values = calloc(features * count, sizeof(double));
    knn->present = calloc(features * count, sizeof(double));
    knn->means = calloc(features, sizeof(double));
    if (!knn->values || !knn->present || !knn->means)
        return NO_MEMORY;
    for (size_t f = 0; f < features; f++) {
        double sum = 0, seen = 0;
        for (size_t j = 0; j < count; j++) {
            double value = rows[j * features + f];
            if (isinf(value))
                return "a KNN imputer has a value that is not finite";
            if (isnan(value))
                continue;
            knn->values[f * count + j] = value;
            knn->present[f * count + j] = 1;
            sum += value;
            seen++;
        }
        if (!seen)
            return "a KNN imputer needs a value in every feature";
        knn->means[f] = sum / seen;
    }
    return NULL;
}

/* Mean square gap to each training row, over the features that both have; NaN without any. */
static void measure(const Knn *knn, size_t features, const double *row, double *distances,
                    double *shared) {
    memset(distances, 0, knn->rows * sizeof(double));
    memset(shared, 0, knn->rows * sizeof(double));
    for (size_t f = 0; f < features; f++) {
        if (isnan(row[f]))
            continue;
        const double *values = knn->values + f * knn->rows, *there = knn->present + f * knn->rows;
        for (size_t j = 0; j < knn->rows; j++) {
            double gap = there[j] != 0 ? values[j] - row[f] : 0;
            distances[j] += gap * gap;
            shared[j] += there[j];
        }
    }
    for (size_t j = 0; j < knn->rows; j++)
        distances[j] /= shared[j];
}

static int ascending(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* Returns the k-th smallest number, counted from 0; the numbers are moved about. */
static double select_kth(double *numbers, size_t count, size_t k) {
    size_t low = 0, high = count - 1;
    int rounds = MOST_ROUNDS;
    while (low < high) {
        /* Whoever makes a bundle chooses the order of its rows, and could have each round find one
           number alone: a row would take seconds. */
        if (!rounds--) {
            qsort(numbers + low, high - low + 1, sizeof *numbers, ascending);
            break;
        }
        double pivot = numbers[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (numbers[i] < pivot)
                i++;
            while (pivot < numbers[j])
                j--;
            if (i >= j)
                break;
            double moved = numbers[i];
            numbers[i++] = numbers[j];
            numbers[j--] = moved;
        }
        /* What is before i is at most the pivot, what is behind j is at least that. */
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return numbers[k];
}

/* The mean of one feature over the donors; `near` is room for their distances. */
static double mean_of_nearest(const Knn *knn, size_t feature, const double *distances,
                              double *near) {
    const double *values = knn->values + feature * knn->rows;
    const double *there = knn->present + feature * knn->rows;
    size_t donors = 0;
    double all = 0;
    for (size_t j = 0; j < knn->rows; j++)
        if (there[j] != 0 && !isnan(distances[j])) {
            near[donors++] = distances[j];
            all += values[j];
        }
    if (!donors)
        return knn->means[feature];
    if (donors <= knn->neighbors)
        return all / (double)donors;
    double last = select_kth(near, donors, knn->neighbors - 1);
    double places = (double)knn->neighbors, closer = 0, tied = 0, ties = 0;
    for (size_t j = 0; j < knn->rows; j++) {
        if (there[j] == 0 || isnan(distances[j]) || !(distances[j] <= last * (1 + TIE)))
            continue;
        if (distances[j] < last * (1 - TIE)) {
            closer += values[j];
            places--;
        } else {
            tied += values[j];
            ties++;
        }
    }
    return (closer + places * (tied / ties)) / (double)knn->neighbors;
}

void knn_fill(const Knn *knn, size_t features, double *row, double *scratch) {
    double *distances = scratch, *near = scratch + knn->rows;
    int lacks[MAX_FEATURES];
    for (size_t f = 0; f < features; f++)
        lacks[f] = isnan(row[f]);
    measure(knn, features, row, distances, near);
    for (size_t f = 0; f < features; f++)
        if (lacks[f])
            row[f] = mean_of_nearest(knn, f, distances, near);
}
