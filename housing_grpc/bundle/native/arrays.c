/* Takes Python's arrays by the buffer protocol; numpy itself is not needed to compile this. */
#include "arrays.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int refuse(const char *text) {
    if (text)
        PyErr_SetString(PyExc_ValueError, text);
    return text ? -1 : 0;
}

int take_numbers(PyObject *object, char kind, int writable, Numbers *numbers) {
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, &numbers->view, flags) < 0)
        return -1;
    const char *format = numbers->view.format ? numbers->view.format : "B";
    int fits = kind == 'd' ? !strcmp(format, "d") : !strcmp(format, "l") || !strcmp(format, "q");
    if (!fits || numbers->view.itemsize != 8) {
        PyBuffer_Release(&numbers->view);
        return refuse(kind == 'd' ? "an array is not of float64" : "an array is not of int64");
    }
    numbers->count = (size_t)numbers->view.len / 8;
    return 0;
}

int take_arrays(PyObject *tuple, Py_ssize_t first, const char *kinds, Numbers *arrays) {
    memset(arrays, 0, MOST_ARRAYS * sizeof *arrays);
    if (PyTuple_Size(tuple) != first + (Py_ssize_t)strlen(kinds))
        return refuse("there is another number of arrays than there must be");
    for (Py_ssize_t i = 0; kinds[i]; i++) {
        int writable = isupper((unsigned char)kinds[i]) != 0;
        int kind = tolower((unsigned char)kinds[i]);
        if (take_numbers(PyTuple_GetItem(tuple, first + i), (char)kind, writable, &arrays[i]) < 0)
            return -1;
    }
    return 0;
}

void release_arrays(Numbers *arrays) {
    for (size_t i = 0; i < MOST_ARRAYS; i++)
        if (arrays[i].view.obj)
            PyBuffer_Release(&arrays[i].view);
}

double *copy_numbers(const Numbers *from, size_t count, int finite) {
    const double *values = from->view.buf;
    if (from->count != count) {
        refuse("an array has another length than it must have");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (finite ? !isfinite(values[i]) : isnan(values[i])) {
            refuse("an array has a number that is not finite");
            return NULL;
        }
    double *made = calloc(count + 1, sizeof *made);
    if (made)
        memcpy(made, values, count * sizeof *made);
    else
        PyErr_NoMemory();
    return made;
}
