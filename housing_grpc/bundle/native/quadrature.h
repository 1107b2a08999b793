/* The walk of explain.c for NODES nodes of the quadrature, included once for each number of them:
 * loops of a length that the compiler knows are vectors. */

#define NAMED_(name, nodes) name##_##nodes
#define NAMED(name, nodes) NAMED_(name, nodes)
#define WALK NAMED(walk, NODES)
#define VISIT NAMED(visit, NODES)
#define PASS NAMED(pass, NODES)
#define PATH NAMED(Path, NODES)
#define EXPLAIN NAMED(explain, NODES)

typedef struct {
    const ExplainedNode *nodes;
    const float *row;
    double *out;
    double at[NODES], rest[NODES]; /* t and 1 - t */
    double missed[NODES];          /* (z - r) / (t z + (1-t) r) where z is 0 */
    /* Of the splits on a feature so far: the product of the shares, 1 / (t z + (1-t) r), and
     * whether the row has failed one. */
    double share[MAX_FEATURES], inverse[MAX_FEATURES][NODES];
    unsigned char failed[MAX_FEATURES];
} PATH;

static void WALK(PATH *path, uint32_t place, const double *product, double *sums);

/* Most children are leaves, which need no call. */
static inline void VISIT(PATH *path, uint32_t place, const double *product, double *sums) {
    const ExplainedNode *node = &path->nodes[place];
    if ((node->next & 0xff) != LEAF) {
        WALK(path, place, product, sums);
        return;
    }
    for (size_t q = 0; q < NODES; q++)
        sums[q] = node->number * product[q];
}

/* Below a split on a feature that the row has failed already, which has no part in what is added. */
static void PASS(PATH *path, uint32_t place, const double *product, double *sums) {
    const ExplainedNode *node = &path->nodes[place];
    double down[NODES], other[NODES];
    for (size_t q = 0; q < NODES; q++)
        down[q] = product[q] * node->number;
    VISIT(path, place + 1, down, sums);
    for (size_t q = 0; q < NODES; q++)
        down[q] = product[q] * (1 - node->number);
    VISIT(path, node->next >> 8, down, other);
    for (size_t q = 0; q < NODES; q++)
        sums[q] += other[q];
}

/* Gives the sums of the leaves below a split, each times the factors of its path; `product` has
 * those of the path so far. A feature's contribution is what is below its last split on each path, so
 * each split adds that with its own quotient, and takes it away with that of the split before. */
static void WALK(PATH *path, uint32_t place, const double *product, double *sums) {
    const ExplainedNode *node = &path->nodes[place];
    size_t feature = node->next & 0xff;
    if (path->failed[feature]) {
        PASS(path, place, product, sums);
        return;
    }
    uint32_t child[2] = {place + 1, node->next >> 8};
    int taken = !(path->row[feature] <= node->threshold);
    double shares[2] = {node->number, 1 - node->number};
    double before = path->share[feature], share = before * shares[taken];
    double missed = before * shares[!taken], gain = 0;
    double inverse[NODES], quotient[NODES], down[NODES], other[NODES];
    for (size_t q = 0; q < NODES; q++) {
        double factor = path->at[q] + path->rest[q] * share;
        inverse[q] = path->inverse[feature][q];
        quotient[q] = (1 - before) * inverse[q];
        down[q] = product[q] * factor * inverse[q];
        path->inverse[feature][q] = 1 / factor;
        other[q] = (1 - share) * path->inverse[feature][q] - quotient[q];
    }
    path->share[feature] = share;
    VISIT(path, child[taken], down, sums);
    for (size_t q = 0; q < NODES; q++)
        gain += other[q] * sums[q];
    path->share[feature] = before;
    for (size_t q = 0; q < NODES; q++) {
        path->inverse[feature][q] = inverse[q];
        down[q] = product[q] * path->rest[q] * missed * inverse[q];
    }
    path->failed[feature] = 1;
    VISIT(path, child[!taken], down, other);
    path->failed[feature] = 0;
    for (size_t q = 0; q < NODES; q++) {
        gain += (path->missed[q] - quotient[q]) * other[q];
        sums[q] += other[q];
    }
    path->out[feature] += gain;
}

static void EXPLAIN(const Explainer *explainer, const float *row, double *out) {
    PATH path = {.nodes = explainer->nodes, .row = row, .out = out};
    double sums[NODES];
    for (size_t q = 0; q < NODES; q++) {
        path.at[q] = explainer->at[q];
        path.rest[q] = 1 - explainer->at[q];
        path.missed[q] = -1 / path.rest[q];
    }
    for (size_t f = 0; f < MAX_FEATURES; f++) {
        path.share[f] = 1;
        for (size_t q = 0; q < NODES; q++)
            path.inverse[f][q] = 1;
    }
    for (size_t tree = 0; tree < explainer->trees; tree++)
        VISIT(&path, explainer->roots[tree], explainer->weight, sums);
}

#undef WALK
#undef VISIT
#undef PASS
#undef PATH
#undef EXPLAIN
#undef NAMED
#undef NAMED_
