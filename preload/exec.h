/*
 * What a child of the program is started with while its input is recorded: the runtime in its
 * environment, which writes down what it prints (children.h). In wrap_exec.c.
 */
#ifndef PRELOAD_EXEC_H
#define PRELOAD_EXEC_H

/*
 * `envp` itself, or a copy with the runtime in it, valid until the next call. `path` is what is to
 * be run, searched along PATH when it has no slash.
 */
char *const *exec_child_environment(const char *path, char *const envp[]);

#endif
