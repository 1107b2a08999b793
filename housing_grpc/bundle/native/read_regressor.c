/* ("linear", coefficients, intercept) or ("trees", roots, feature, threshold, true_id,
 * true_is_leaf, false_id, false_is_leaf, weight, flags): to a regressor. */
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
    size_t splits = arrays[1].count;
    for (size_t i = 2; i < 7; i++)
        if (arrays[i].count != splits)
            return refuse(LENGTH);
    if (arrays[8].count != 3)
        return refuse(LENGTH);
    const int64_t *flags = arrays[8].view.buf;
    Ensemble source = {
        .trees = arrays[0].count,
        .splits = splits,
        .leaves = arrays[7].count,
        .features = model->features,
        .roots = arrays[0].view.buf,
        .feature = arrays[1].view.buf,
        .threshold = arrays[2].view.buf,
        .true_id = arrays[3].view.buf,
        .true_is_leaf = arrays[4].view.buf,
        .false_id = arrays[5].view.buf,
        .false_is_leaf = arrays[6].view.buf,
        .weight = arrays[7].view.buf,
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
    int done = take_arrays(tuple, 1, linear ? "dd" : "lldlllldl", arrays);
    if (!done)
        done = linear ? read_linear(model, arrays) : read_trees(model, arrays);
    release_arrays(arrays);
    return done;
}
