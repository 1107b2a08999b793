/* The functions of the extension; _native.pyi says what they do. */
#include "functions.h"

#include <stdint.h>
#include <string.h>

#include "arrays.h"

#define TOTALS 3

static PyObject *unfit(void) {
    return PyErr_Format(PyExc_ValueError, "the arrays do not fit together");
}

/* Rows, minima, maxima, domain and counts. */
static PyObject *survey_into(const Numbers *taken) {
    const Numbers *rows = &taken[0], *minimum = &taken[1], *domain = &taken[3];
    size_t features = minimum->count;
    Limits limits;
    if (taken[2].count != features || domain->count != 3 * features ||
        taken[4].count != TOTALS + 2 * features)
        return unfit();
    if (refuse(limits_make(&limits, minimum->view.buf, taken[2].view.buf, domain->view.buf,
                           features)) < 0)
        return NULL;
    if (rows->count % features)
        return unfit();
    int64_t *totals = taken[4].view.buf;
    Survey survey = {.outside = totals + TOTALS, .missing = totals + TOTALS + features};
    survey_rows(&limits, rows->view.buf, rows->count / features, &survey);
    totals[0] += survey.refused_rows;
    totals[1] += survey.outside_rows;
    totals[2] += survey.missing_rows;
    Py_RETURN_NONE;
}

/* Values, bounds and counts. */
static PyObject *bins_into(const Numbers *taken) {
    if (taken[2].count != taken[1].count + 1)
        return unfit();
    count_bins(taken[0].view.buf, taken[0].count, taken[1].view.buf, taken[1].count,
               taken[2].view.buf);
    Py_RETURN_NONE;
}

/* Takes arrays of numbers, the last of counts that are added to. */
static PyObject *with_arrays(PyObject *args, Py_ssize_t count,
                             PyObject *(*into)(const Numbers *)) {
    Numbers taken[MOST_ARRAYS];
    memset(taken, 0, sizeof taken);
    PyObject *done = NULL;
    Py_ssize_t i = 0;
    if (PyTuple_Size(args) != count)
        return PyErr_Format(PyExc_TypeError, "there must be %zd arrays", count);
    while (i < count && take_numbers(PyTuple_GetItem(args, i), i == count - 1 ? 'l' : 'd',
                                     i == count - 1, &taken[i]) == 0)
        i++;
    if (i == count)
        done = into(taken);
    while (i--)
        PyBuffer_Release(&taken[i].view);
    return done;
}

static PyObject *survey(PyObject *Py_UNUSED(module), PyObject *args) {
    return with_arrays(args, 5, survey_into);
}

static PyObject *bins(PyObject *Py_UNUSED(module), PyObject *args) {
    return with_arrays(args, 3, bins_into);
}

static PyObject *rows_of(const unsigned char *data, size_t size, size_t width, size_t most) {
    ptrdiff_t count = wire_count(data, size);
    if (count < 0 || (size_t)count > most)
        Py_RETURN_NONE;
    PyObject *rows = PyBytes_FromStringAndSize(NULL, count * (ptrdiff_t)(width * sizeof(double)));
    if (rows && !wire_read(data, (size_t)count, (double *)PyBytes_AsString(rows), width)) {
        Py_DECREF(rows);
        Py_RETURN_NONE;
    }
    return rows;
}

static PyObject *read_rows(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer data;
    Py_ssize_t start, end, width, most;
    if (!PyArg_ParseTuple(args, "y*nnnn", &data, &start, &end, &width, &most))
        return NULL;
    PyObject *rows;
    if (start < 0 || start > end || end > data.len || width < 1 || width > MAX_FEATURES ||
        most < 0)
        rows = PyErr_Format(PyExc_ValueError, "a bound is out of bounds");
    else
        rows = rows_of((const unsigned char *)data.buf + start, (size_t)(end - start),
                       (size_t)width, (size_t)most);
    PyBuffer_Release(&data);
    return rows;
}

PyMethodDef functions[] = {
    {"survey", survey, METH_VARARGS, NULL},
    {"count_bins", bins, METH_VARARGS, NULL},
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    {"read_rows", read_rows, METH_VARARGS, NULL},
#endif
    {0},
};
