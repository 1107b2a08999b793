/* From rows as they come to prices. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

void model_free(Model *model) {
    free(model->mean);
    free(model->scale);
    free(model->coefficients);
    imputer_free(&model->imputer);
    trees_free(&model->trees);
    trees_free(&model->spread);
    known_free(&model->known);
    explainer_free(&model->explainer);
}

/* Rows of a block and their prices, up to a multiple of LANES. */
typedef struct {
    float rows[BLOCK * STRIDE];
    double prices[BLOCK];
} Block;

size_t model_scratch(const Model *model) {
    return sizeof(Block) + imputer_scratch(&model->imputer);
}

static void scale(const Model *model, double *row) {
    for (size_t f = 0; f < model->features; f++)
        row[f] = (row[f] - model->mean[f]) / model->scale[f];
}

/* Returns how many values were missing. */
static size_t prepare(const Model *model, double *row, void *scratch) {
    size_t blanks = 0;
    for (size_t f = 0; f < model->features; f++)
        blanks += isnan(row[f]) != 0;
    if (blanks)
        imputer_fill(&model->imputer, model->features, row, scratch);
    scale(model, row);
    return blanks;
}

static double weighted_sum(const Model *model, const double *row) {
    double sum = 0;
    for (size_t f = 0; f < model->features; f++)
        sum += row[f] * model->coefficients[f];
    return sum + model->intercept;
}

static void narrow(const Model *model, const double *row, float *narrowed) {
    for (size_t f = 0; f < model->features; f++)
        narrowed[f] = (float)row[f];
    for (size_t f = model->features; f < STRIDE; f++)
        narrowed[f] = NAN;
}

/* Few rows would leave most lanes without work. */
static void sum_trees(const Trees *trees, size_t count, Block *block) {
    if (count <= LANES / 2) {
        for (size_t i = 0; i < count; i++)
            block->prices[i] = trees_one(trees, block->rows + i * STRIDE);
        return;
    }
    /* Copies of the first row keep the last lanes busy. */
    for (size_t i = count; i % LANES; i++)
        memcpy(block->rows + i * STRIDE, block->rows, STRIDE * sizeof(float));
    trees_block(trees, block->rows, count, block->prices);
}

/* Answers at most BLOCK rows. */
static void answer(const Model *model, const double *rows, size_t count, Block *block) {
    for (size_t i = 0; i < count; i++) {
        double row[MAX_FEATURES];
        memcpy(row, rows + i * model->features, model->features * sizeof(double));
        prepare(model, row, block + 1);
        if (model->coefficients)
            block->prices[i] = weighted_sum(model, row);
        else
            narrow(model, row, block->rows + i * STRIDE);
    }
    if (model->coefficients)
        return;
    sum_trees(&model->trees, count, block);
}

int model_many(const Model *model, const double *rows, size_t count, double *out, void *scratch) {
    Block *block = scratch;
    int finite = 1;
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t part = count - start < BLOCK ? count - start : BLOCK;
        answer(model, rows + start * model->features, part, block);
        for (size_t i = 0; i < part; i++)
            finite &= isfinite(block->prices[i]) != 0;
        memcpy(out + start, block->prices, part * sizeof(double));
    }
    return finite;
}

void model_fill(const Model *model, const double *rows, size_t count, double *out, void *scratch) {
    size_t features = model->features;
    memcpy(out, rows, count * features * sizeof(double));
    for (double *row = out; row < out + count * features; row += features) {
        int lacks = 0;
        for (size_t f = 0; f < features; f++)
            lacks |= isnan(row[f]);
        if (lacks)
            imputer_fill(&model->imputer, features, row, (Block *)scratch + 1);
    }
}

/* Assesses at most BLOCK rows; each of the four arrays is of `all` rows. */
static void assess_block(const Model *model, const double *rows, const double *prices,
                         size_t count, size_t all, double quantile, double *out, Block *block) {
    double *lower = out, *upper = out + all, *p_values = upper + all, *distances = p_values + all;
    for (size_t i = 0; i < count; i++) {
        double row[MAX_FEATURES];
        memcpy(row, rows + i * model->features, model->features * sizeof(double));
        size_t blanks = prepare(model, row, block + 1);
        distances[i] = known_distance(&model->known, row);
        p_values[i] = known_p_value(&model->known, distances[i]);
        float *narrowed = block->rows + i * STRIDE;
        narrow(model, row, narrowed);
        if (model->spread.count) {
            narrowed[model->features] = (float)prices[i];
            narrowed[model->features + 1] = (float)blanks;
        }
        lower[i] = upper[i] = NAN;
    }
    if (!model->spread.count || isnan(quantile))
        return;
    sum_trees(&model->spread, count, block);
    for (size_t i = 0; i < count; i++) {
        double beyond = distances[i] / model->reach;
        double half = quantile * (block->prices[i] * (beyond > 1 ? beyond : 1));
        /* Of a spread that nobody has trained. */
        if (!(half >= 0 && half <= DBL_MAX))
            continue;
        /* Nothing sells for less than 0; what the model says is within all the same. */
        double least = prices[i] < 0 ? prices[i] : 0;
        lower[i] = prices[i] - half > least ? prices[i] - half : least;
        upper[i] = prices[i] + half;
    }
}

void model_assess(const Model *model, const double *rows, const double *prices, size_t count,
                  double quantile, double *out, void *scratch) {
    for (size_t start = 0; start < count; start += BLOCK) {
        size_t part = count - start < BLOCK ? count - start : BLOCK;
        assess_block(model, rows + start * model->features, prices + start, part, count, quantile,
                     out + start, scratch);
    }
}

void model_explain(const Model *model, const double *rows, size_t count, const double *other,
                   double *out) {
    double row[MAX_FEATURES];
    float narrowed[STRIDE], against[STRIDE];
    size_t bytes = model->features * sizeof(double);
    if (other) {
        memcpy(row, other, bytes);
        scale(model, row);
        narrow(model, row, against);
    }
    memset(out, 0, count * bytes);
    for (size_t i = 0; i < count; i++, out += model->features) {
        memcpy(row, rows + i * model->features, bytes);
        scale(model, row);
        narrow(model, row, narrowed);
        if (other)
            explain_against(&model->explainer, narrowed, against, out);
        else
            explain_row(&model->explainer, narrowed, out);
    }
}
