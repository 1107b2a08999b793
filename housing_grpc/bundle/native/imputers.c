/* Fills the missing values of a row; imputers.py has the same in numpy. */
#include <math.h>
#include <stdlib.h>

#include "native.h"

void imputer_free(Imputer *imputer) {
    free(imputer->constant);
    free(imputer->knn.values);
    free(imputer->knn.present);
    free(imputer->knn.means);
    free(imputer->iterative.step);
    free(imputer->iterative.inputs);
    free(imputer->iterative.coefficients);
    free(imputer->iterative.initial);
    free(imputer->iterative.minimum);
    free(imputer->iterative.maximum);
}

size_t imputer_scratch(const Imputer *imputer) {
    return imputer->kind == KNN ? 2 * imputer->knn.rows * sizeof(double) : 0;
}

const char *iterative_check(const Iterative *iterative, size_t features, size_t inputs) {
    for (size_t i = 0; i < iterative->steps; i++) {
        const Step *step = &iterative->step[i];
        if (step->feature >= features)
            return "a step names a feature that is not there";
        if (step->start > inputs || step->count > inputs - step->start)
            return "a step has not as many coefficients as inputs";
    }
    for (size_t i = 0; i < inputs; i++)
        if (iterative->inputs[i] >= features)
            return "a step names a feature that is not there";
    return NULL;
}

static void constant_fill(const double *constant, size_t features, double *row) {
    for (size_t f = 0; f < features; f++)
        if (isnan(row[f]))
            row[f] = constant[f];
}

static void iterative_fill(const Iterative *iterative, size_t features, double *row) {
    int lacks[MAX_FEATURES];
    for (size_t f = 0; f < features; f++) {
        lacks[f] = isnan(row[f]);
        if (lacks[f])
            row[f] = iterative->initial[f];
    }
    for (size_t i = 0; i < iterative->steps; i++) {
        const Step *step = &iterative->step[i];
        size_t f = step->feature;
        if (!lacks[f])
            continue;
        double guess = 0;
        for (size_t k = step->start; k < step->start + step->count; k++)
            guess += row[iterative->inputs[k]] * iterative->coefficients[k];
        guess += step->intercept;
        /* Written so that a NaN stays one. */
        if (guess < iterative->minimum[f])
            guess = iterative->minimum[f];
        if (guess > iterative->maximum[f])
            guess = iterative->maximum[f];
        row[f] = guess;
    }
}

void imputer_fill(const Imputer *imputer, size_t features, double *row, void *scratch) {
    if (imputer->kind == CONSTANT)
        constant_fill(imputer->constant, features, row);
    else if (imputer->kind == KNN)
        knn_fill(&imputer->knn, features, row, scratch);
    else
        iterative_fill(&imputer->iterative, features, row);
}
