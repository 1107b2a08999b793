/* From rows as they come to prices. */
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
}

/* Rows of a block and their prices, up to a multiple of LANES. */
typedef struct {
    float rows[BLOCK * STRIDE];
    double prices[BLOCK];
} Block;

size_t model_scratch(const Model *model) {
    return sizeof(Block) + imputer_scratch(&model->imputer);
}

static void prepare(const Model *model, double *row, void *scratch) {
    int lacks = 0;
    for (size_t f = 0; f < model->features; f++)
        lacks |= isnan(row[f]);
    if (lacks)
        imputer_fill(&model->imputer, model->features, row, scratch);
    for (size_t f = 0; f < model->features; f++)
        row[f] = (row[f] - model->mean[f]) / model->scale[f];
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

/* Answers at most BLOCK rows; few rows would leave most lanes without work. */
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
    if (count <= LANES / 2) {
        for (size_t i = 0; i < count; i++)
            block->prices[i] = trees_one(&model->trees, block->rows + i * STRIDE);
        return;
    }
    /* Copies of the first row keep the last lanes busy. */
    for (size_t i = count; i % LANES; i++)
        memcpy(block->rows + i * STRIDE, block->rows, STRIDE * sizeof(float));
    trees_block(&model->trees, block->rows, count, block->prices);
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
