/* Lays out trees to be walked, and refuses what is none. */
#include <math.h>
#include <stdlib.h>

#include "native.h"

#define MAX_NODES ((size_t)1 << 23)

/* What stands at a place of the new order. */
typedef struct {
    uint32_t node, depth;
} Origin;

static const char *check(const Source *source) {
    if (source->features < 1 || source->features > MAX_FEATURES)
        return "the number of features is out of bounds";
    if (!source->trees || source->trees > source->nodes)
        return "there is no tree, or one without a node";
    if (source->nodes > MAX_NODES)
        return "there are too many nodes";
    for (size_t i = 0; i < source->nodes; i++) {
        if (source->feature[i] < 0 || (uint64_t)source->feature[i] >= source->features)
            return "a split is on a feature that is not there";
        if (!isfinite(source->number[i]))
            return "a threshold or a leaf is not a finite number";
        if ((source->left[i] < 0) != (source->right[i] < 0))
            return "a node is neither a leaf nor a split";
    }
    return NULL;
}

float threshold_float(double threshold, int inclusive) {
    float found = (float)threshold;
    int is_left = inclusive ? found <= threshold : found < threshold;
    return is_left ? found : nextafterf(found, -INFINITY);
}

/* Takes a node for a place of the new order; each can be taken once. */
static const char *take(const Source *source, int64_t node, unsigned char *taken,
                        Origin *origin) {
    if (node < 0 || (uint64_t)node >= source->nodes)
        return "a node is not there";
    if (taken[node])
        return "a node has two parents";
    taken[node] = 1;
    origin->node = (uint32_t)node;
    return NULL;
}

static Node leaf_node(Trees *trees, const Source *source, uint32_t node, size_t place) {
    Node made = {.next = (uint32_t)(((uint64_t)place - 1) << 8 | source->features)};
    trees->leaves[place] = source->number[node];
    if (source->float32)
        made.value = (float)source->number[node];
    else
        made.index = (uint32_t)place;
    return made;
}

/* Lays out one tree from `*used` on. As each node is taken once only, over all trees, this ends
 * whatever the children are, and what it makes is a tree. */
static const char *lay_out(const Source *source, Trees *trees, size_t tree, Origin *origins,
                           unsigned char *taken, size_t *used) {
    size_t root = *used;
    const char *fault = take(source, source->roots[tree], taken, &origins[root]);
    origins[root].depth = 0;
    trees->roots[tree] = (uint32_t)root;
    *used = root + 1;
    for (size_t place = root; !fault && place < *used; place++) {
        uint32_t node = origins[place].node, depth = origins[place].depth;
        Origin *next = &origins[*used];
        trees->depths[tree] = depth;
        if (source->left[node] < 0) {
            trees->nodes[place] = leaf_node(trees, source, node, place);
            continue;
        }
        trees->nodes[place].threshold = threshold_float(source->number[node], source->inclusive);
        trees->nodes[place].next = (uint32_t)(*used << 8 | (size_t)source->feature[node]);
        fault = take(source, source->left[node], taken, next);
        if (!fault)
            fault = take(source, source->right[node], taken, next + 1);
        if (!fault)
            next[0].depth = next[1].depth = depth + 1;
        *used += fault ? 0 : 2;
    }
    return fault;
}

const char *trees_make(Trees *trees, const Source *source) {
    const char *fault = check(source);
    if (fault)
        return fault;
    /* Place 0 stays empty, as a leaf points to the place before its own. */
    size_t places = source->nodes + 3, used = 1;
    Origin *origins = calloc(places, sizeof *origins);
    unsigned char *taken = calloc(source->nodes, 1);
    trees->count = source->trees;
    trees->float32 = source->float32;
    trees->exponential = source->exponential;
    trees->roots = calloc(source->trees, sizeof *trees->roots);
    trees->depths = calloc(source->trees, sizeof *trees->depths);
    trees->nodes = calloc(places, sizeof *trees->nodes);
    trees->leaves = calloc(places, sizeof *trees->leaves);
    if (!origins || !taken || !trees->roots || !trees->depths || !trees->nodes || !trees->leaves)
        fault = NO_MEMORY;
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
