/* ("linear", coefficients, intercept) or ("trees", roots, feature, number, left, right, flags): to
 * a regressor. */
#include <math.h>
#include <string.h>

#include "arrays.h"

#define LENGTH "an array has another length than it must have"

static int read_linear(Model *model, const Numbers *arrays) {
    const double *intercept = arrays[1].view.buf;
    if (arrays[1].count != 1)
        return refuse(LENGTH);
    if (!isfinite(*intercept))
        return refuse("the intercept is not finite");
    model->intercept = *intercept;
    model->coefficients = copy_numbers(&arrays[0], model->features, 1);
    return model->coefficients ? 0 : -1;
}

/* Roots, feature, number, left, right and flags. */
static int read_source(Source *source, const Numbers *arrays, size_t features) {
    size_t nodes = arrays[1].count;
    for (size_t i = 2; i < 5; i++)
        if (arrays[i].count != nodes)
            return refuse(LENGTH);
    if (arrays[5].count != 3)
        return refuse(LENGTH);
    const int64_t *flags = arrays[5].view.buf;
    *source = (Source){
        .trees = arrays[0].count,
        .nodes = nodes,
        .features = features,
        .roots = arrays[0].view.buf,
        .feature = arrays[1].view.buf,
        .number = arrays[2].view.buf,
        .left = arrays[3].view.buf,
        .right = arrays[4].view.buf,
        .inclusive = flags[0] != 0,
        .float32 = flags[1] != 0,
        .exponential = flags[2] != 0,
    };
    return 0;
}

static int make_trees(Trees *trees, const Source *source) {
    const char *fault;
    Py_BEGIN_ALLOW_THREADS
    fault = trees_make(trees, source);
    Py_END_ALLOW_THREADS
    return refuse(fault);
}

/* After the trees have been made, and so checked. */
static int make_explainer(Explainer *explainer, const Source *source, PyObject *shares) {
    Numbers taken = {0};
    if (take_numbers(shares, 'd', 0, &taken) < 0)
        return -1;
    const char *fault = LENGTH;
    if (taken.count == source->nodes) {
        Py_BEGIN_ALLOW_THREADS
        fault = explainer_make(explainer, source, taken.view.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&taken.view);
    return refuse(fault);
}

static int read_trees(Model *model, const Numbers *arrays, PyObject *shares) {
    Source source;
    if (read_source(&source, arrays, model->features) < 0 ||
        make_trees(&model->trees, &source) < 0)
        return -1;
    return shares ? make_explainer(&model->explainer, &source, shares) : 0;
}

int read_regressor(Model *model, PyObject *tuple, PyObject *shares) {
    PyObject *name = PyTuple_GetItem(tuple, 0);
    if (!name)
        return -1;
    int linear = PyUnicode_Check(name) && !PyUnicode_CompareWithASCIIString(name, "linear");
    int trees = PyUnicode_Check(name) && !PyUnicode_CompareWithASCIIString(name, "trees");
    if (!linear && !trees)
        return refuse("there is no such regressor");
    Numbers arrays[MOST_ARRAYS];
    int done = take_arrays(tuple, 1, linear ? "dd" : "lldlll", arrays);
    if (!done)
        done = linear ? read_linear(model, arrays) : read_trees(model, arrays, shares);
    release_arrays(arrays);
    return done;
}

/* ("trees", ..., reach): of the features, the price and the number of blanks. */
int read_spread(Model *model, PyObject *tuple) {
    Numbers arrays[MOST_ARRAYS];
    Source source;
    if (!PyTuple_Check(tuple))
        return refuse("a spread is a tuple");
    int done = take_arrays(tuple, 1, "lldllld", arrays);
    if (!done && arrays[6].count != 1)
        done = refuse(LENGTH);
    if (!done) {
        model->reach = *(const double *)arrays[6].view.buf;
        if (!(model->reach > 0))
            done = refuse("the reach is not above zero");
    }
    if (!done)
        done = read_source(&source, arrays, model->features + 2);
    if (!done)
        done = make_trees(&model->spread, &source);
    release_arrays(arrays);
    return done;
}

/* (counts, values, scores, matrix or nothing, coordinates, distances). */
int read_known(Model *model, PyObject *tuple) {
    Numbers arrays[MOST_ARRAYS];
    size_t features = model->features;
    if (!PyTuple_Check(tuple))
        return refuse("known houses are a tuple");
    int done = take_arrays(tuple, 0, "lddddd", arrays);
    if (!done && (arrays[0].count != features || arrays[1].count != arrays[2].count ||
                  (arrays[3].count && arrays[3].count != features * features) ||
                  arrays[4].count % features))
        done = refuse(LENGTH);
    if (!done) {
        KnownSource source = {
            .features = features,
            .knots = arrays[1].count,
            .points = arrays[4].count / features,
            .held = arrays[5].count,
            .counts = arrays[0].view.buf,
            .values = arrays[1].view.buf,
            .scores = arrays[2].view.buf,
            .matrix = arrays[3].count ? arrays[3].view.buf : NULL,
            .coordinates = arrays[4].view.buf,
            .distances = arrays[5].view.buf,
        };
        done = refuse(known_make(&model->known, &source));
    }
    release_arrays(arrays);
    return done;
}
