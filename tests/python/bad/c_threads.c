/*
 * c_threads: a Python extension module whose threads are made in C, by pthread_create while the
 * interpreter is free for others, and which call Python in them: run(callback, threads).
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>

#define MOST 8

static void *body(void *callback)
{
	PyGILState_STATE state = PyGILState_Ensure();
	PyObject *result = PyObject_CallNoArgs(callback);

	if (result == NULL)
		PyErr_WriteUnraisable(callback);
	Py_XDECREF(result);
	PyGILState_Release(state);
	return NULL;
}

static PyObject *run(PyObject *module, PyObject *arguments)
{
	pthread_t threads[MOST];
	PyObject *callback;
	int count;
	int made;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "Oi", &callback, &count))
		return NULL;
	if (count < 0 || count > MOST)
		return PyErr_Format(PyExc_ValueError, "up to %d threads", MOST);
	Py_BEGIN_ALLOW_THREADS;
	for (made = 0; made < count; made++)
		if (pthread_create(&threads[made], NULL, body, callback) != 0)
			break;
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	Py_END_ALLOW_THREADS;
	if (made < count)
		return PyErr_SetFromErrno(PyExc_OSError);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "run", run, METH_VARARGS, "run(callback, threads): calls it in so many new threads" },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "c_threads",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_c_threads(void);

PyMODINIT_FUNC PyInit_c_threads(void)
{
	return PyModule_Create(&definition);
}
