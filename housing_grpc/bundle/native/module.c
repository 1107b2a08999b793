/* The extension housing_grpc.bundle._native; _native.pyi has its types and says what it does. */
#include "arrays.h"
#include "functions.h"

#include <math.h>
#include <stdlib.h>

/* Below so many rows a thread switch costs more than other threads could win. */
#define RELEASE_ROWS 32
/* The same of training rows that are searched for each: of many, one row takes up to 0.3 s. */
#define RELEASE_KNN_ROWS 1024

typedef struct {
    PyObject_HEAD
    Model model;
} ModelObject;

static Model *model_of(PyObject *self) { return &((ModelObject *)self)->model; }

static int read_scaler(Model *model, PyObject *mean, PyObject *scale) {
    Numbers means = {0}, scales = {0};
    if (take_numbers(mean, 'd', 0, &means) < 0)
        return -1;
    if (take_numbers(scale, 'd', 0, &scales) < 0) {
        PyBuffer_Release(&means.view);
        return -1;
    }
    model->features = means.count;
    int done = -1;
    if (means.count < 1 || means.count > MAX_FEATURES)
        refuse("the number of features is out of bounds");
    else if ((model->mean = copy_numbers(&means, means.count, 1)) &&
             (model->scale = copy_numbers(&scales, means.count, 1)))
        done = 0;
    PyBuffer_Release(&means.view);
    PyBuffer_Release(&scales.view);
    return done;
}

static PyObject *make(PyTypeObject *type, PyObject *args, PyObject *names) {
    PyObject *imputer, *mean, *scale, *regressor;
    if (names && PyDict_Size(names))
        return PyErr_Format(PyExc_TypeError, "Model takes no names of arguments");
    if (!PyArg_ParseTuple(args, "O!OOO!", &PyTuple_Type, &imputer, &mean, &scale, &PyTuple_Type,
                          &regressor))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *self = allocate(type, 0); /* all zero, so that it can be freed at any time */
    if (self &&
        (read_scaler(model_of(self), mean, scale) < 0 ||
         read_imputer(&model_of(self)->imputer, imputer, model_of(self)->features) < 0 ||
         read_regressor(model_of(self), regressor) < 0)) {
        Py_DECREF(self);
        return NULL;
    }
    return self;
}

static void dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    model_free(model_of(self));
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *run(const Model *model, const Numbers *rows, const Numbers *out) {
    size_t count = out->count;
    if (rows->count != count * model->features)
        return PyErr_Format(PyExc_ValueError, "the rows must have %zu numbers each",
                            model->features);
    void *scratch = malloc(model_scratch(model));
    if (!scratch)
        return PyErr_NoMemory();
    int finite;
    if (count < RELEASE_ROWS && model->imputer.knn.rows < RELEASE_KNN_ROWS) {
        finite = model_many(model, rows->view.buf, count, out->view.buf, scratch);
    } else {
        Py_BEGIN_ALLOW_THREADS
        finite = model_many(model, rows->view.buf, count, out->view.buf, scratch);
        Py_END_ALLOW_THREADS
    }
    free(scratch);
    return PyBool_FromLong(finite);
}

static PyObject *predict(PyObject *self, PyObject *args) {
    PyObject *asked, *answers;
    Numbers rows = {0}, out = {0};
    if (!PyArg_ParseTuple(args, "OO", &asked, &answers) || take_numbers(asked, 'd', 0, &rows) < 0)
        return NULL;
    if (take_numbers(answers, 'd', 1, &out) < 0) {
        PyBuffer_Release(&rows.view);
        return NULL;
    }
    PyObject *done = run(model_of(self), &rows, &out);
    PyBuffer_Release(&rows.view);
    PyBuffer_Release(&out.view);
    return done;
}

static PyMethodDef methods[] = {
    {"predict", predict, METH_VARARGS, NULL},
    {0},
};

static PyType_Slot slots[] = {
    {Py_tp_new, make},
    {Py_tp_dealloc, dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec model_type = {
    .name = "housing_grpc.bundle._native.Model",
    .basicsize = sizeof(ModelObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

static int fill_module(PyObject *module) {
    PyObject *type = PyType_FromSpec(&model_type);
    if (!type)
        return -1;
    int done = PyModule_AddObjectRef(module, "Model", type);
    Py_DECREF(type);
    return done;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
