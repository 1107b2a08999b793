/* Holds one row against its limits and prices it. */
#include "price.h"

#include <stdlib.h>
#include <string.h>

#include "arrays.h"

/* A row that is refused has no price; the row is overwritten. */
static PyObject *judge(const Model *model, const Limits *limits, double *row) {
    int64_t outside[MAX_FEATURES] = {0}, missing[MAX_FEATURES] = {0};
    Survey survey = {.outside = outside, .missing = missing};
    survey_rows(limits, row, 1, &survey);
    if (survey.refused_rows)
        Py_RETURN_NONE;
    void *scratch = malloc(model_scratch(model, 0) + 1);
    if (!scratch)
        return PyErr_NoMemory();
    double price = model_one(model, row, scratch);
    free(scratch);
    int usual = !survey.outside_rows && !survey.missing_rows;
    return Py_BuildValue("dO", price, usual ? Py_True : Py_False);
}

static PyObject *price_of(const Model *model, const Py_buffer *data, const Numbers *taken) {
    double row[MAX_FEATURES];
    Limits limits;
    size_t features = model->features;
    if ((size_t)data->len != features * sizeof(double) || taken[0].count != features ||
        taken[1].count != features || taken[2].count != 3 * features)
        return PyErr_Format(PyExc_ValueError, "a row and its limits must have %zu numbers each",
                            features);
    if (refuse(limits_make(&limits, taken[0].view.buf, taken[1].view.buf, taken[2].view.buf,
                           features)) < 0)
        return NULL;
    memcpy(row, data->buf, (size_t)data->len);
    return judge(model, &limits, row);
}

PyObject *price_with(const Model *model, PyObject *args) {
    Py_buffer data;
    PyObject *minimum, *maximum, *domain, *priced = NULL;
    Numbers taken[MOST_ARRAYS];
    if (!PyArg_ParseTuple(args, "y*OOO", &data, &minimum, &maximum, &domain))
        return NULL;
    if (take_arrays(args, "ddd", taken) == 0)
        priced = price_of(model, &data, taken);
    release_arrays(taken);
    PyBuffer_Release(&data);
    return priced;
}
