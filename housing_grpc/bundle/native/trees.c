/* Walks trees; the sums are those of the library that trained, in its order and precision. */
#include <math.h>
#include <string.h>

#include "native.h"

/* Deep trees are mostly left early: whether all lanes are done is asked every so many steps. */
#define STEPS 4

static inline uint32_t step(const Node *nodes, const float *row, uint32_t at) {
    Node node = nodes[at];
    return (node.next >> 8) + !(row[node.next & 0xff] <= node.threshold);
}

/* Walks LANES ways at once, as each waits for memory while the others go on; lane k compares
 * the row at k * stride. Ends when all are at a leaf. */
static inline void walk(const Node *nodes, const float *row, size_t stride, uint32_t depth,
                        uint32_t at[LANES]) {
    uint32_t place[LANES], moved = 1;
    memcpy(place, at, sizeof place);
    for (; depth >= STEPS && moved; depth -= STEPS) {
        for (int i = 0; i < STEPS - 1; i++)
            for (size_t k = 0; k < LANES; k++)
                place[k] = step(nodes, row + k * stride, place[k]);
        moved = 0;
        for (size_t k = 0; k < LANES; k++) {
            uint32_t next = step(nodes, row + k * stride, place[k]);
            moved |= next ^ place[k];
            place[k] = next;
        }
    }
    for (; depth && moved; depth--)
        for (size_t k = 0; k < LANES; k++)
            place[k] = step(nodes, row + k * stride, place[k]);
    memcpy(at, place, sizeof place);
}

static inline double add(const Trees *trees, int float32, double sum, uint32_t at) {
    const Node *node = &trees->nodes[at];
    /* A sum of two floats, rounded to a double and then to a float, is rounded rightly. */
    return float32 ? (double)((float)sum + node->value) : sum + trees->leaves[node->index];
}

static double finish(const Trees *trees, double sum) {
    return trees->exponential ? exp(sum) : sum;
}

double trees_one(const Trees *trees, const float *row) {
    double sum = 0;
    for (size_t start = 0; start < trees->count; start += LANES) {
        size_t lanes = trees->count - start < LANES ? trees->count - start : LANES;
        uint32_t at[LANES], depth = 0;
        for (size_t k = 0; k < LANES; k++) {
            size_t tree = start + (k < lanes ? k : 0);
            at[k] = trees->roots[tree];
            depth = trees->depths[tree] > depth ? trees->depths[tree] : depth;
        }
        walk(trees->nodes, row, 0, depth, at);
        for (size_t k = 0; k < lanes; k++)
            sum = add(trees, trees->float32, sum, at[k]);
    }
    return finish(trees, sum);
}

static inline void sum_block(const Trees *trees, int float32, const float *rows, size_t count,
                             double *out) {
    for (size_t tree = 0; tree < trees->count; tree++) {
        uint32_t root = trees->roots[tree], depth = trees->depths[tree];
        for (size_t start = 0; start < count; start += LANES) {
            uint32_t at[LANES];
            for (size_t k = 0; k < LANES; k++)
                at[k] = root;
            walk(trees->nodes, rows + start * STRIDE, STRIDE, depth, at);
            for (size_t k = 0; k < LANES; k++)
                out[start + k] = add(trees, float32, out[start + k], at[k]);
        }
    }
}

void trees_block(const Trees *trees, const float *rows, size_t count, double *out) {
    memset(out, 0, BLOCK * sizeof *out);
    if (trees->float32)
        sum_block(trees, 1, rows, count, out);
    else
        sum_block(trees, 0, rows, count, out);
    for (size_t i = 0; i < count; i++)
        out[i] = finish(trees, out[i]);
}
