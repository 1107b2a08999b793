/* The functions of the extension. */
#ifndef HOUSING_FUNCTIONS_H
#define HOUSING_FUNCTIONS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

extern PyMethodDef functions[];

#endif
