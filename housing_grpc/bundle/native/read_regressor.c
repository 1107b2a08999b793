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

static int read_trees(Model *model, const Numbers *arrays) {
    size_t nodes = arrays[1].count;
    for (size_t i = 2; i < 5; i++)
        if (arrays[i].count != nodes)
            return refuse(LENGTH);
    if (arrays[5].count != 3)
        return refuse(LENGTH);
    const int64_t *flags = arrays[5].view.buf;
    Source source = {
        .trees = arrays[0].count,
        .nodes = nodes,
        .features = model->features,
        .roots = arrays[0].view.buf,
        .feature = arrays[1].view.buf,
        .number = arrays[2].view.buf,
        .left = arrays[3].view.buf,
        .right = arrays[4].view.buf,
        .inclusive = flags[0] != 0,
        .float32 = flags[1] != 0,
        .exponential = flags[2] != 0,
    };
    const char *fault;
    Py_BEGIN_ALLOW_THREADS
    fault = trees_make(&model->trees, &source);
    Py_END_ALLOW_THREADS
    return refuse(fault);
}

int read_regressor(Model *model, PyObject *tuple) {
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
        done = linear ? read_linear(model, arrays) : read_trees(model, arrays);
    release_arrays(arrays);
    return done;
}
