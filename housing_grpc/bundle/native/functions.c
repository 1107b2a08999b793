/* The functions of the extension; _native.pyi says what they do. */
#include "functions.h"

#include <stdint.h>

#include "arrays.h"

#define TOTALS 3

static PyObject *unfit(void) {
    return PyErr_Format(PyExc_ValueError, "the arrays do not fit together");
}

/* Rows, minima, maxima, domain and counts. */
static PyObject *summarize_into(const Numbers *taken) {
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
    Summary summary = {.outside = totals + TOTALS, .missing = totals + TOTALS + features};
    summarize_rows(&limits, rows->view.buf, rows->count / features, &summary);
    totals[0] += summary.refused_rows;
    totals[1] += summary.outside_rows;
    totals[2] += summary.missing_rows;
    Py_RETURN_NONE;
}

static PyObject *summarize(PyObject *Py_UNUSED(module), PyObject *args) {
    Numbers taken[MOST_ARRAYS];
    PyObject *done = NULL;
    if (take_arrays(args, 0, "ddddL", taken) == 0)
        done = summarize_into(taken);
    release_arrays(taken);
    return done;
}

static PyObject *rows_of(const unsigned char *data, size_t size, size_t width, size_t most) {
    ptrdiff_t count = count_rows(data, size);
    if (count < 0 || (size_t)count > most)
        Py_RETURN_NONE;
    PyObject *rows = PyBytes_FromStringAndSize(NULL, count * (ptrdiff_t)(width * sizeof(double)));
    if (rows && !read_all_rows(data, (size_t)count, (double *)PyBytes_AsString(rows), width)) {
        Py_DECREF(rows);
        Py_RETURN_NONE;
    }
    return rows;
}

static PyObject *read_rows(PyObject *Py_UNUSED(module), PyObject *args) {
    Py_buffer data;
    Py_ssize_t width, most;
    if (!PyArg_ParseTuple(args, "y*nn", &data, &width, &most))
        return NULL;
    PyObject *rows;
    if (width < 1 || width > MAX_FEATURES || most < 0)
        rows = PyErr_Format(PyExc_ValueError, "a limit is out of bounds");
    else
        rows = rows_of(data.buf, (size_t)data.len, (size_t)width, (size_t)most);
    PyBuffer_Release(&data);
    return rows;
}

PyMethodDef functions[] = {
    {"summarize", summarize, METH_VARARGS, NULL},
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    {"read_rows", read_rows, METH_VARARGS, NULL},
#endif
    {0},
};
