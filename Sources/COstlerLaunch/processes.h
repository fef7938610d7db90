// Trees: of processes and of files. They run in process 1 of a sandbox too: no malloc and no stdio.
#ifndef OSTLER_PROCESSES_H
#define OSTLER_PROCESSES_H

/// Signals every process below the caller, as /proc shows them.
void signal_descendants(int signal);

/// Removes what `name` in the directory is, with all that is in it, and follows no link.
void remove_tree(int directory, const char *name, unsigned depth);

#endif
