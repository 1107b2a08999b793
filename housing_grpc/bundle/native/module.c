/* The extension housing_grpc.bundle._native; _native.pyi has its types and says what it does. */
#include "arrays.h"
#include "functions.h"
#include "methods.h"

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

static PyObject *given(PyObject *part) { return part == Py_None ? NULL : part; }

static PyObject *make(PyTypeObject *type, PyObject *args, PyObject *names) {
    PyObject *imputer, *mean, *scale, *regressor, *known = NULL, *spread = NULL, *shares = NULL;
    if (names && PyDict_Size(names))
        return PyErr_Format(PyExc_TypeError, "Model takes no names of arguments");
    if (!PyArg_ParseTuple(args, "O!OOO!|OOO", &PyTuple_Type, &imputer, &mean, &scale,
                          &PyTuple_Type, &regressor, &known, &spread, &shares))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *self = allocate(type, 0); /* all zero, so that it can be freed at any time */
    if (self &&
        (read_scaler(model_of(self), mean, scale) < 0 ||
         read_imputer(&model_of(self)->imputer, imputer, model_of(self)->features) < 0 ||
         read_regressor(model_of(self), regressor, given(shares)) < 0 ||
         (given(known) && read_known(model_of(self), known) < 0) ||
         (given(spread) && read_spread(model_of(self), spread) < 0))) {
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

static PyType_Slot slots[] = {
    {Py_tp_new, make},
    {Py_tp_dealloc, dealloc},
    {Py_tp_methods, model_methods},
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
