/* A model as Python has it, and what it can be asked; _native.pyi says what the methods do. */
#ifndef HOUSING_METHODS_H
#define HOUSING_METHODS_H

#include "arrays.h"

typedef struct {
    PyObject_HEAD
    Model model;
} ModelObject;

static inline Model *model_of(PyObject *self) { return &((ModelObject *)self)->model; }

extern PyMethodDef model_methods[];

#endif
