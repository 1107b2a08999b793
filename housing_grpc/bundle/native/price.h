/* One row at a time. */
#ifndef HOUSING_PRICE_H
#define HOUSING_PRICE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

/* Takes a row's bytes, minima, maxima and domain; returns the price and whether there is no more
 * to say of the row, or None if it cannot be scored. */
PyObject *price_with(const Model *model, PyObject *args);

#endif
