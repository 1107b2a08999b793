/* Makes trees to walk of the arrays of a TreeEnsemble, and refuses those that are none. */
#include <math.h>
#include <stdlib.h>

#include "native.h"

#define MAX_NODES ((size_t)1 << 24)

/* What stands at a place of the new order: a split, or a leaf. */
typedef struct {
    uint32_t id, depth;
    int is_leaf;
} Origin;

static const char *check(const Ensemble *source) {
    if (source->features < 1 || source->features > MAX_FEATURES)
        return "the number of features is out of bounds";
    if (!source->trees || !source->splits || !source->leaves)
        return "there is no tree";
    if (source->splits > MAX_NODES || source->leaves > MAX_NODES || source->trees > MAX_NODES ||
        source->trees + 2 * source->splits > MAX_NODES)
        return "there are too many nodes";
    for (size_t i = 0; i < source->splits; i++) {
        if (source->feature[i] < 0 || (uint64_t)source->feature[i] >= source->features)
            return "a split is on a feature that is not there";
        if (!isfinite(source->threshold[i]))
            return "a threshold is not a finite number";
    }
    for (size_t i = 0; i < source->leaves; i++)
        if (!isfinite(source->weight[i]))
            return "a leaf is not a finite number";
    return NULL;
}

/* Returns the largest float32 that is on the true side: a float32 x is below (or at) the
 * threshold if and only if it is at most this. */
static float rounded(double threshold, int inclusive) {
    float found = (float)threshold;
    int is_true = inclusive ? found <= threshold : found < threshold;
    return is_true ? found : nextafterf(found, -INFINITY);
}

static const char *child(const Ensemble *source, int64_t id, int64_t is_leaf, Origin *origin) {
    if (is_leaf != 0 && is_leaf != 1)
        return "a child is neither a leaf nor a split";
    if (id < 0 || (uint64_t)id >= (is_leaf ? source->leaves : source->splits))
        return "a child is not there";
    origin->id = (uint32_t)id;
    origin->is_leaf = (int)is_leaf;
    return NULL;
}

static Node leaf_node(const Ensemble *source, const Origin *origin, size_t place) {
    Node node = {.next = (uint32_t)(((uint64_t)place - 1) << 8 | source->features)};
    if (source->float32)
        node.value = (float)source->weight[origin->id];
    else
        node.index = origin->id;
    return node;
}

/* Lays out one tree from `*used` on. Each split is taken once only, over all trees, so that
 * this ends whatever the children are, and what it makes is a tree. */
static const char *lay_out(const Ensemble *source, Trees *trees, size_t tree, Origin *origins,
                           unsigned char *taken, size_t *used) {
    size_t root = *used;
    const char *fault = child(source, source->roots[tree], 0, &origins[root]);
    origins[root].depth = 0;
    trees->roots[tree] = (uint32_t)root;
    *used = root + 1;
    for (size_t place = root; !fault && place < *used; place++) {
        Origin here = origins[place], *next = &origins[*used];
        trees->depths[tree] = here.depth;
        if (here.is_leaf) {
            trees->nodes[place] = leaf_node(source, &here, place);
            continue;
        }
        if (taken[here.id])
            return "a split has two parents";
        taken[here.id] = 1;
        trees->nodes[place].threshold = rounded(source->threshold[here.id], source->inclusive);
        trees->nodes[place].next = (uint32_t)(*used << 8 | (size_t)source->feature[here.id]);
        fault = child(source, source->true_id[here.id], source->true_is_leaf[here.id], next);
        if (!fault)
            fault = child(source, source->false_id[here.id], source->false_is_leaf[here.id],
                          next + 1);
        next[0].depth = next[1].depth = here.depth + 1;
        *used += 2;
    }
    return fault;
}

const char *trees_make(Trees *trees, const Ensemble *source) {
    const char *fault = check(source);
    if (fault)
        return fault;
    size_t most = source->trees + 2 * source->splits, used = 0;
    Origin *origins = calloc(most, sizeof *origins);
    unsigned char *taken = calloc(source->splits, 1);
    trees->count = source->trees;
    trees->float32 = source->float32;
    trees->exponential = source->exponential;
    trees->roots = calloc(source->trees, sizeof *trees->roots);
    trees->depths = calloc(source->trees, sizeof *trees->depths);
    trees->nodes = calloc(most, sizeof *trees->nodes);
    trees->leaves = calloc(source->leaves, sizeof *trees->leaves);
    if (!origins || !taken || !trees->roots || !trees->depths || !trees->nodes || !trees->leaves)
        fault = NO_MEMORY;
    for (size_t i = 0; !fault && i < source->leaves; i++)
        trees->leaves[i] = source->weight[i];
    for (size_t tree = 0; !fault && tree < source->trees; tree++)
        fault = lay_out(source, trees, tree, origins, taken, &used);
    free(origins);
    free(taken);
    return fault;
}

void trees_free(Trees *trees) {
    free(trees->roots);
    free(trees->depths);
    free(trees->nodes);
    free(trees->leaves);
}
