/* Python's arrays, and a model made of them. */
#ifndef HOUSING_ARRAYS_H
#define HOUSING_ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

#define MOST_ARRAYS 9

/* Contiguous numbers of eight bytes; to be released. */
typedef struct {
    Py_buffer view;
    size_t count;
} Numbers;

/* Whoever returns int returns 0, or -1 with an exception set; whoever returns a pointer, NULL. */
int refuse(const char *text); /* NULL is no fault */
/* The kind is 'd' for float64, 'l' for int64. */
int take_numbers(PyObject *object, char kind, int writable, Numbers *numbers);
/* Takes what stands in a tuple from an item on, one array for each kind, of which a capital one is
 * to be written to; to be released, also if one is at fault. */
int take_arrays(PyObject *tuple, Py_ssize_t first, const char *kinds, Numbers *arrays);
void release_arrays(Numbers *arrays);
/* Copies so many numbers, none NaN, or even all finite. */
double *copy_numbers(const Numbers *from, size_t count, int finite);

int read_imputer(Imputer *imputer, PyObject *tuple, size_t features);
/* The shares, of a node each, may be NULL. */
int read_regressor(Model *model, PyObject *tuple, PyObject *shares);
int read_known(Model *model, PyObject *tuple);
int read_spread(Model *model, PyObject *tuple);

#endif
