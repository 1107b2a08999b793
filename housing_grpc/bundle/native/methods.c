/* What a model can be asked; the arrays come from Python, and the lock is let go for what lasts. */
#include "methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below so many rows a thread switch costs more than other threads could win. */
#define RELEASE_ROWS 32
/* The same of training rows that are searched for each: of many, one row takes up to 0.3 s. */
#define RELEASE_KNN_ROWS 1024
/* The same of nodes that a row is explained by. */
#define RELEASE_NODES 1000

static int lasts(const Model *model, size_t rows) {
    return rows >= RELEASE_ROWS || model->imputer.knn.rows >= RELEASE_KNN_ROWS;
}

/* Whether there are so many rows, and so many numbers for each in the answer. */
static int fit(const Model *model, const Numbers *rows, const Numbers *out, size_t numbers) {
    if (rows->count % model->features || out->count != rows->count / model->features * numbers)
        return refuse("the rows and what is written for them do not fit together");
    return 0;
}

static PyObject *run_predict(const Model *model, const Numbers *taken) {
    const Numbers *rows = &taken[0], *out = &taken[1];
    size_t count = out->count;
    if (rows->count != count * model->features)
        return PyErr_Format(PyExc_ValueError, "the rows must have %zu numbers each",
                            model->features);
    void *scratch = malloc(model_scratch(model));
    if (!scratch)
        return PyErr_NoMemory();
    PyThreadState *state = lasts(model, count) ? PyEval_SaveThread() : NULL;
    int finite = model_many(model, rows->view.buf, count, out->view.buf, scratch);
    if (state)
        PyEval_RestoreThread(state);
    free(scratch);
    return PyBool_FromLong(finite);
}

static PyObject *run_fill(const Model *model, const Numbers *taken) {
    if (fit(model, &taken[0], &taken[1], model->features) < 0)
        return NULL;
    size_t count = taken[0].count / model->features;
    void *scratch = malloc(model_scratch(model));
    if (!scratch)
        return PyErr_NoMemory();
    PyThreadState *state = lasts(model, count) ? PyEval_SaveThread() : NULL;
    model_fill(model, taken[0].view.buf, count, taken[1].view.buf, scratch);
    if (state)
        PyEval_RestoreThread(state);
    free(scratch);
    Py_RETURN_NONE;
}

/* Rows, prices and the four arrays. */
static PyObject *run_assess(const Model *model, const Numbers *taken, double quantile) {
    const Numbers *rows = &taken[0], *prices = &taken[1], *out = &taken[2];
    if (!model->known.blocks)
        return PyErr_Format(PyExc_ValueError, "the model knows no houses");
    if (fit(model, rows, out, 4) < 0 || fit(model, rows, prices, 1) < 0)
        return NULL;
    void *scratch = malloc(model_scratch(model));
    if (!scratch)
        return PyErr_NoMemory();
    PyThreadState *state = lasts(model, prices->count) ? PyEval_SaveThread() : NULL;
    model_assess(model, rows->view.buf, prices->view.buf, prices->count,
                 quantile, out->view.buf, scratch);
    if (state)
        PyEval_RestoreThread(state);
    free(scratch);
    Py_RETURN_NONE;
}

/* Rows without blanks, another one or none, and what each feature adds. */
static PyObject *run_explain(const Model *model, const Numbers *taken) {
    const Numbers *rows = &taken[0], *other = &taken[1], *out = &taken[2];
    if (!model->explainer.trees)
        return PyErr_Format(PyExc_ValueError, "the model has no shares to explain it by");
    if (fit(model, rows, out, model->features) < 0)
        return NULL;
    if (other->count && other->count != model->features)
        return PyErr_Format(PyExc_ValueError, "the other row must have %zu numbers",
                            model->features);
    size_t count = rows->count / model->features;
    PyThreadState *state = NULL;
    if (lasts(model, count) || model->explainer.size >= RELEASE_NODES)
        state = PyEval_SaveThread();
    model_explain(model, rows->view.buf, count, other->count ? other->view.buf : NULL,
                  out->view.buf);
    if (state)
        PyEval_RestoreThread(state);
    Py_RETURN_NONE;
}

static PyObject *with_arrays(PyObject *self, PyObject *args, const char *kinds,
                             PyObject *(*run)(const Model *, const Numbers *)) {
    Numbers taken[MOST_ARRAYS];
    PyObject *done = NULL;
    if (take_arrays(args, 0, kinds, taken) == 0)
        done = run(model_of(self), taken);
    release_arrays(taken);
    return done;
}

static PyObject *predict(PyObject *self, PyObject *args) {
    return with_arrays(self, args, "dD", run_predict);
}

static PyObject *fill(PyObject *self, PyObject *args) {
    return with_arrays(self, args, "dD", run_fill);
}

static PyObject *assess(PyObject *self, PyObject *args) {
    PyObject *arrays[3], *done = NULL;
    Numbers taken[MOST_ARRAYS] = {0};
    double quantile;
    if (!PyArg_ParseTuple(args, "OOdO", &arrays[0], &arrays[1], &quantile, &arrays[2]))
        return NULL;
    if (take_numbers(arrays[0], 'd', 0, &taken[0]) == 0 &&
        take_numbers(arrays[1], 'd', 0, &taken[1]) == 0 &&
        take_numbers(arrays[2], 'd', 1, &taken[2]) == 0)
        done = run_assess(model_of(self), taken, quantile);
    release_arrays(taken);
    return done;
}

/* Of a row that can be scored: its numbers, and whether a value is missing or out of its range. */
static PyObject *numbers_of(const Model *model, const double *row, int is_remarkable,
                            double quantile) {
    double price, out[4] = {NAN, NAN, NAN, NAN};
    void *scratch = malloc(model_scratch(model));
    if (!scratch)
        return PyErr_NoMemory();
    int finite = model_many(model, row, 1, &price, scratch);
    if (finite && model->known.blocks)
        model_assess(model, row, &price, 1, quantile, out, scratch);
    free(scratch);
    if (!finite)
        Py_RETURN_NONE;
    return Py_BuildValue("(ddddd)O", price, out[0], out[1], out[2], out[3],
                         is_remarkable ? Py_True : Py_False);
}

static PyObject *plain_of(const Model *model, const Py_buffer *data, const Numbers *taken,
                          double quantile) {
    double row[MAX_FEATURES];
    int64_t outside[MAX_FEATURES] = {0}, missing[MAX_FEATURES] = {0};
    Limits limits;
    Summary summary = {.outside = outside, .missing = missing};
    size_t features = model->features;
    if ((size_t)data->len != features * sizeof(double) || taken[0].count != features ||
        taken[1].count != features || taken[2].count != 3 * features)
        return PyErr_Format(PyExc_ValueError, "a row and its limits must have %zu numbers each",
                            features);
    if (refuse(limits_make(&limits, taken[0].view.buf, taken[1].view.buf, taken[2].view.buf,
                           features)) < 0)
        return NULL;
    memcpy(row, data->buf, (size_t)data->len);
    summarize_rows(&limits, row, 1, &summary);
    if (summary.refused_rows)
        Py_RETURN_NONE;
    return numbers_of(model, row, summary.outside_rows || summary.missing_rows, quantile);
}

static PyObject *answer_plain(PyObject *self, PyObject *args) {
    PyObject *arrays[3], *done = NULL;
    Py_buffer data;
    Numbers taken[MOST_ARRAYS] = {0};
    double quantile;
    if (!PyArg_ParseTuple(args, "y*OOOd", &data, &arrays[0], &arrays[1], &arrays[2], &quantile))
        return NULL;
    if (take_numbers(arrays[0], 'd', 0, &taken[0]) == 0 &&
        take_numbers(arrays[1], 'd', 0, &taken[1]) == 0 &&
        take_numbers(arrays[2], 'd', 0, &taken[2]) == 0)
        done = plain_of(model_of(self), &data, taken, quantile);
    release_arrays(taken);
    PyBuffer_Release(&data);
    return done;
}

static PyObject *explain(PyObject *self, PyObject *args) {
    return with_arrays(self, args, "ddD", run_explain);
}

PyMethodDef model_methods[] = {
    {"predict", predict, METH_VARARGS, NULL},
    {"fill", fill, METH_VARARGS, NULL},
    {"assess", assess, METH_VARARGS, NULL},
    {"answer_plain", answer_plain, METH_VARARGS, NULL},
    {"explain", explain, METH_VARARGS, NULL},
    {0},
};
