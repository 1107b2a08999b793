/* What a bundle computes for a row: fill what is missing, scale, then trees or a weighted sum.
 *
 * Every index is checked when a model is made, so that no check is needed when it is asked.
 * The makers return NULL, or a text that says what is wrong; the caller frees in both cases.
 */
#ifndef HOUSING_NATIVE_H
#define HOUSING_NATIVE_H

#include <stddef.h>
#include <stdint.h>

/* A scaled row is 16 floats, one cache line; behind the last feature stands a NaN. */
#define STRIDE 16
#define MAX_FEATURES 15
#define NO_MEMORY "there is not enough memory"

/* A split or a leaf, in eight bytes.
 *
 * `next` holds the feature in its low 8 bits and the left child in the upper 24; the right
 * child follows the left one. A leaf compares a feature that is always NaN, which holds for no
 * threshold, and its right child is the leaf itself: so a walk may take more steps than it has
 * to. In place of the threshold a leaf has its value, or the index of its value.
 */
typedef struct {
    union {
        float threshold;
        float value;
        uint32_t index;
    };
    uint32_t next;
} Node;

/* Trees in one array, each from its root down, level by level. */
typedef struct {
    size_t count;
    uint32_t *roots;
    uint32_t *depths;
    Node *nodes;
    double *leaves; /* for float64 only: a float32 leaf holds its value itself */
    int float32;
    int exponential;
} Trees;

/* Trees as their file has them: nodes, each with its feature, its threshold or, at a leaf, its
 * value, and its two children, which are -1 at a leaf. */
typedef struct {
    size_t trees, nodes, features;
    const int64_t *roots, *feature, *left, *right;
    const double *number;
    int inclusive; /* whether a value equal to the threshold goes left */
    int float32;   /* whether to sum in float32 */
    int exponential;
} Source;

const char *trees_make(Trees *trees, const Source *source);
void trees_free(Trees *trees);
double trees_one(const Trees *trees, const float *row);
/* Writes prices of at most BLOCK rows, so that they stay in the cache while the trees pass by.
 * There are whole rows up to a multiple of LANES, and room for their prices. */
#define BLOCK 256
#define LANES 8
void trees_block(const Trees *trees, const float *rows, size_t count, double *out);

/* The largest float32 that is on the left side: a float32 x is below (or at) the threshold if and
 * only if it is at most this. */
float threshold_float(double threshold, int inclusive);

/* Known houses as their file has them: for each feature knots (a value and its normal score), a
 * matrix that scores are multiplied with or NULL, points, and the distances of held-out houses. */
typedef struct {
    size_t features, knots, points, held;
    const int64_t *counts; /* knots of each feature */
    const double *values, *scores, *matrix, *coordinates, *distances;
} KnownSource;

/* The points lie in blocks of LANES, feature after feature. */
typedef struct {
    size_t features, blocks, held, start[MAX_FEATURES + 1];
    double *values, *scores, *matrix, *distances;
    float *points;
} Known;

const char *known_make(Known *known, const KnownSource *source);
void known_free(Known *known);
double known_distance(const Known *known, const double *row);
/* The share of held-out houses that are at least as far from the others, the row counted in. */
double known_p_value(const Known *known, double distance);

/* A split or a leaf; the left child follows its parent, the right one stands in the upper 24 bits
 * of `next`, and the feature, or 0xff at a leaf, in the lower 8. */
typedef struct {
    double number; /* the share of training rows that goes left; at a leaf its value */
    float threshold;
    uint32_t next;
} ExplainedNode;

/* Trees to be explained, of `size` nodes, and what the walks need: the nodes and weights of a quadrature, and
 * ordering[i][j] = i! j! / (i + j + 1)!. */
typedef struct {
    size_t trees, features, size, count;
    uint32_t *roots;
    ExplainedNode *nodes;
    double at[8], weight[8], ordering[MAX_FEATURES][MAX_FEATURES];
} Explainer;

/* The source must have passed `trees_make`. */
const char *explainer_make(Explainer *explainer, const Source *source, const double *shares);
void explainer_free(Explainer *explainer);
/* Both add to `out`, one number a feature. */
void explain_row(const Explainer *explainer, const float *row, double *out);
void explain_against(const Explainer *explainer, const float *row, const float *other, double *out);

typedef enum { CONSTANT, KNN, ITERATIVE } ImputerKind;

/* Nearest training rows; column after column, as the distances are computed. */
typedef struct {
    size_t rows, neighbors;
    double *values; /* 0 where missing */
    double *present; /* 1 or 0 */
    double *means;
} Knn;

typedef struct {
    size_t feature, start, count;
    double intercept;
} Step;

/* Rounds of regressions; each step has its inputs and coefficients from `start` on. */
typedef struct {
    size_t steps;
    Step *step;
    size_t *inputs;
    double *coefficients;
    double *initial, *minimum, *maximum;
} Iterative;

typedef struct {
    ImputerKind kind;
    double *constant;
    Knn knn;
    Iterative iterative;
} Imputer;

void imputer_free(Imputer *imputer);
const char *iterative_check(const Iterative *iterative, size_t features, size_t inputs);
/* Bytes that imputer_fill needs to work in. */
size_t imputer_scratch(const Imputer *imputer);
void imputer_fill(const Imputer *imputer, size_t features, double *row, void *scratch);
const char *knn_make(Knn *knn, size_t features, const double *rows, size_t count, size_t neighbors);
void knn_fill(const Knn *knn, size_t features, double *row, double *scratch);

/* All of it; `coefficients` is NULL where trees answer. */
typedef struct {
    size_t features;
    double *mean, *scale;
    Imputer imputer;
    double *coefficients;
    double intercept;
    Trees trees;
    Known known;         /* no blocks where the bundle has none */
    Trees spread;        /* of the scaled features, the price and the number of blanks; or none */
    double reach;        /* a distance beyond this widens an interval */
    Explainer explainer; /* no trees where the bundle has no shares */
} Model;

void model_free(Model *model);
/* Bytes that model_many needs to work in. */
size_t model_scratch(const Model *model);
/* Returns whether every price is a finite number. */
int model_many(const Model *model, const double *rows, size_t count, double *out, void *scratch);
/* Writes the rows with no value missing. */
void model_fill(const Model *model, const double *rows, size_t count, double *out, void *scratch);
/* Writes four arrays, one behind the other: lower and upper bounds, p-values and distances. Bounds are
 * NaN if the quantile is, or if there is no spread; without known houses nothing may be asked. */
void model_assess(const Model *model, const double *rows, const double *prices, size_t count,
                  double quantile, double *out, void *scratch);
/* Writes what each feature adds, in the unit of the trees' sum, for rows of which none misses a
 * value; against another row if it is not NULL. */
void model_explain(const Model *model, const double *rows, size_t count, const double *other,
                   double *out);

/* What a row is held against; `low` and `high` bound what passes both pairs of limits. */
typedef struct {
    size_t features, wholes;
    const double *minimum, *maximum; /* of the training data */
    const double *lowest, *highest; /* of what can be scored */
    size_t whole[MAX_FEATURES]; /* features that are whole numbers */
    double low[MAX_FEATURES], high[MAX_FEATURES];
} Limits;

typedef struct {
    int64_t refused_rows, outside_rows, missing_rows;
    int64_t *outside, *missing; /* by feature */
} Summary;

/* A domain is the lowest and highest values and whether a feature is whole, each one a
 * feature; all are pointed into. */
const char *limits_make(Limits *limits, const double *minimum, const double *maximum,
                        const double *domain, size_t features);
/* Adds to the summary. */
void summarize_rows(const Limits *limits, const double *rows, size_t count, Summary *summary);

/* Returns the number of entries, or -1 if they are not written in the usual way. */
ptrdiff_t count_rows(const unsigned char *data, size_t size);
/* Reads that many entries, which `count_rows` has found; returns whether all are as usual. */
int read_all_rows(const unsigned char *data, size_t count, double *rows, size_t width);

#endif
