/* ("constant", values), ("knn", rows, neighbors) or ("iterative", initial, minimum, maximum,
 * features, counts, inputs, coefficients, intercepts): to an imputer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"

static int read_constant(Imputer *imputer, const Numbers *arrays, size_t features) {
    imputer->constant = copy_numbers(&arrays[0], features, 1);
    return imputer->constant ? 0 : -1;
}

static int read_knn(Imputer *imputer, const Numbers *arrays, size_t features) {
    const int64_t *neighbors = arrays[1].view.buf;
    size_t count = arrays[0].count / features;
    if (arrays[1].count != 1 || arrays[0].count % features || *neighbors < 0)
        return refuse("an array has another length than it must have");
    return refuse(
        knn_make(&imputer->knn, features, arrays[0].view.buf, count, (size_t)*neighbors));
}

static int read_steps(Iterative *iterative, const Numbers *arrays) {
    const int64_t *features = arrays[3].view.buf, *counts = arrays[4].view.buf;
    const int64_t *inputs = arrays[5].view.buf;
    const double *intercepts = arrays[7].view.buf;
    size_t start = 0;
    for (size_t i = 0; i < iterative->steps; i++) {
        if (!isfinite(intercepts[i]))
            return refuse("an array has a number that is not finite");
        /* A number below zero becomes one that is too large. */
        size_t count = (size_t)counts[i];
        if (count > arrays[5].count - start)
            return refuse("a step has not as many coefficients as inputs");
        iterative->step[i] = (Step){(size_t)features[i], start, count, intercepts[i]};
        start += count;
    }
    for (size_t i = 0; i < arrays[5].count; i++)
        iterative->inputs[i] = (size_t)inputs[i];
    return 0;
}

static int read_iterative(Imputer *imputer, const Numbers *arrays, size_t features) {
    Iterative *iterative = &imputer->iterative;
    size_t steps = arrays[3].count, inputs = arrays[5].count;
    if (arrays[4].count != steps || arrays[7].count != steps)
        return refuse("an array has another length than it must have");
    if (!(iterative->initial = copy_numbers(&arrays[0], features, 1)) ||
        !(iterative->minimum = copy_numbers(&arrays[1], features, 0)) ||
        !(iterative->maximum = copy_numbers(&arrays[2], features, 0)) ||
        !(iterative->coefficients = copy_numbers(&arrays[6], inputs, 1)))
        return -1;
    iterative->steps = steps;
    iterative->step = calloc(steps + 1, sizeof *iterative->step);
    iterative->inputs = calloc(inputs + 1, sizeof *iterative->inputs);
    if (!iterative->step || !iterative->inputs)
        return refuse(NO_MEMORY);
    if (read_steps(iterative, arrays) < 0)
        return -1;
    return refuse(iterative_check(iterative, features, inputs));
}

int read_imputer(Imputer *imputer, PyObject *tuple, size_t features) {
    static const struct {
        const char *name, *kinds;
        ImputerKind kind;
        int (*read)(Imputer *, const Numbers *, size_t);
    } known[] = {
        {"constant", "d", CONSTANT, read_constant},
        {"knn", "dl", KNN, read_knn},
        {"iterative", "dddllldd", ITERATIVE, read_iterative},
    };
    PyObject *name = PyTuple_GetItem(tuple, 0);
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++) {
        if (!PyUnicode_Check(name) || PyUnicode_CompareWithASCIIString(name, known[i].name))
            continue;
        Numbers arrays[MOST_ARRAYS];
        imputer->kind = known[i].kind;
        int done = take_arrays(tuple, 1, known[i].kinds, arrays);
        if (!done)
            done = known[i].read(imputer, arrays, features);
        release_arrays(arrays);
        return done;
    }
    return name ? refuse("there is no such imputer") : -1;
}
