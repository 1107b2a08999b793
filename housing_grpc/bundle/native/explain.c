/* What each feature adds to a sum of trees: Shapley values.
 *
 * Path-dependent ones, where a feature that is not known goes both ways, by the shares of the
 * training rows. Shapley's weights are integrals of t^k (1-t)^m, so that a leaf adds to feature f
 *
 *     value * integral over t of (z_f - r_f) * product over the other features of (t z + (1-t) r)
 *
 * with z = 1 if the row passes all splits on a feature above the leaf, and 0 else, and r the product
 * of their shares. That is a polynomial in t, of a degree below the number of features on the path,
 * for which Gauss-Legendre quadrature is exact. All factors are positive: nothing cancels. Known as
 * Quadrature TreeSHAP (Wettenstein, Mitchell and Yu, arXiv:2605.04497).
 *
 * Against one other row, whose values stand in for those that are not known: both rows go down the
 * trees at once, and part where they differ.
 *
 * parts/tree_shap.py has both in numpy, leaf by leaf. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

/* What calls itself takes up to 500 bytes of the stack a level. */
#define MOST_DEPTH 256
#define LEAF 0xff

/* A node that is yet to be laid out. */
typedef struct {
    uint32_t node, depth, features; /* a bit for each feature above it */
    uint32_t parent;                /* whose right child it is, or NO_PARENT */
} Waiting;

#define NO_PARENT UINT32_MAX

static size_t bits(uint32_t mask) {
    size_t count = 0;
    for (; mask; mask &= mask - 1)
        count++;
    return count;
}

/* The nodes and weights of Gauss and Legendre for the integral from 0 to 1. */
static void quadrature(size_t count, double *at, double *weight) {
    for (size_t i = 0; i < count; i++) {
        double x = cos(acos(-1.0) * ((double)i + 0.75) / ((double)count + 0.5)), slope = 1;
        /* Newton's steps from a guess that is close enough for any count. */
        for (int round = 0; round < 10; round++) {
            double last = 1, found = x;
            for (size_t k = 2; k <= count; k++) {
                double next = ((2.0 * (double)k - 1) * x * found - ((double)k - 1) * last) /
                              (double)k;
                last = found;
                found = next;
            }
            slope = (double)count * (x * found - last) / (x * x - 1);
            x -= found / slope;
        }
        at[i] = (x + 1) / 2;
        weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
}

/* Lays out a tree from its root down, the left child behind its parent. */
static const char *lay_out(Explainer *explainer, const Source *source, const double *shares,
                           int64_t root, Waiting *waiting, size_t *used, size_t *most) {
    size_t left = 1;
    waiting[0] = (Waiting){(uint32_t)root, 0, 0, NO_PARENT};
    while (left) {
        Waiting next = waiting[--left];
        size_t place = (*used)++;
        ExplainedNode *made = &explainer->nodes[place];
        if (next.parent != NO_PARENT)
            explainer->nodes[next.parent].next |= (uint32_t)(place << 8);
        if (source->left[next.node] < 0) {
            *made = (ExplainedNode){.number = source->number[next.node], .next = LEAF};
            continue;
        }
        if (next.depth >= MOST_DEPTH)
            return "a tree is too deep to be explained";
        if (!(shares[next.node] >= 0 && shares[next.node] <= 1))
            return "a share is not between 0 and 1";
        uint32_t feature = (uint32_t)source->feature[next.node];
        uint32_t features = next.features | (uint32_t)1 << feature;
        *most = bits(features) > *most ? bits(features) : *most;
        *made = (ExplainedNode){
            .number = shares[next.node],
            .threshold = threshold_float(source->number[next.node], source->inclusive),
            .next = feature,
        };
        waiting[left++] = (Waiting){(uint32_t)source->right[next.node], next.depth + 1, features,
                                    (uint32_t)place};
        waiting[left++] = (Waiting){(uint32_t)source->left[next.node], next.depth + 1, features,
                                    NO_PARENT};
    }
    return NULL;
}

const char *explainer_make(Explainer *explainer, const Source *source, const double *shares) {
    size_t used = 0, most = 1;
    const char *fault = NULL;
    Waiting *waiting = malloc((MOST_DEPTH + 2) * sizeof *waiting);
    explainer->trees = source->trees;
    explainer->features = source->features;
    explainer->roots = malloc(source->trees * sizeof *explainer->roots);
    explainer->nodes = malloc(source->nodes * sizeof *explainer->nodes);
    if (!waiting || !explainer->roots || !explainer->nodes)
        fault = NO_MEMORY;
    for (size_t tree = 0; !fault && tree < source->trees; tree++) {
        explainer->roots[tree] = (uint32_t)used;
        fault = lay_out(explainer, source, shares, source->roots[tree], waiting, &used, &most);
    }
    free(waiting);
    explainer->size = used;
    explainer->count = most <= 4 ? 2 : most <= 8 ? 4 : 8;
    quadrature(explainer->count, explainer->at, explainer->weight);
    for (size_t i = 0; i < MAX_FEATURES; i++)
        for (size_t j = 0; j + i < MAX_FEATURES; j++) {
            /* i! j! / (i + j + 1)! */
            double found = 1.0 / (double)(i + j + 1);
            for (size_t k = 1; k <= j; k++)
                found *= (double)k / (double)(i + k);
            explainer->ordering[i][j] = found;
        }
    return fault;
}

void explainer_free(Explainer *explainer) {
    free(explainer->roots);
    free(explainer->nodes);
}

#define NODES 2
#include "quadrature.h"
#undef NODES
#define NODES 4
#include "quadrature.h"
#undef NODES
#define NODES 8
#include "quadrature.h"
#undef NODES

void explain_row(const Explainer *explainer, const float *row, double *out) {
    if (explainer->count == 2)
        explain_2(explainer, row, out);
    else if (explainer->count == 4)
        explain_4(explainer, row, out);
    else
        explain_8(explainer, row, out);
}

typedef enum { NEITHER, ROW, OTHER } Side;

/* Two rows on their way down; `side` says whose value of a feature the path has taken. */
typedef struct {
    const Explainer *explainer;
    const float *row, *other;
    double *out;
    unsigned char side[MAX_FEATURES];
} Pair;

/* What the leaves below come to: for a feature that the row has, and for one of the other row. */
typedef struct {
    double row, other;
} Sums;

/* The path has taken `rows` features of the row and `others` of the other one. */
static Sums walk_pair(Pair *pair, uint32_t place, size_t rows, size_t others) {
    const Explainer *explainer = pair->explainer;
    for (;;) {
        const ExplainedNode *node = &explainer->nodes[place];
        size_t feature = node->next & 0xff;
        if (feature == LEAF)
            return (Sums){
                rows ? node->number * explainer->ordering[rows - 1][others] : 0,
                others ? node->number * explainer->ordering[rows][others - 1] : 0,
            };
        uint32_t child[2] = {place + 1, node->next >> 8};
        uint32_t mine = child[!(pair->row[feature] <= node->threshold)];
        uint32_t its = child[!(pair->other[feature] <= node->threshold)];
        if (mine != its && pair->side[feature] == NEITHER) {
            pair->side[feature] = ROW;
            Sums one = walk_pair(pair, mine, rows + 1, others);
            pair->side[feature] = OTHER;
            Sums two = walk_pair(pair, its, rows, others + 1);
            pair->side[feature] = NEITHER;
            pair->out[feature] += one.row - two.other;
            return (Sums){one.row + two.row, one.other + two.other};
        }
        place = pair->side[feature] == OTHER ? its : mine;
    }
}

void explain_against(const Explainer *explainer, const float *row, const float *other,
                     double *out) {
    Pair pair = {.explainer = explainer, .row = row, .other = other, .out = out};
    for (size_t tree = 0; tree < explainer->trees; tree++)
        walk_pair(&pair, explainer->roots[tree], 0, 0);
}
