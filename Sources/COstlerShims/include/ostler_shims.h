#ifndef OSTLER_SHIMS_H
#define OSTLER_SHIMS_H
#endif
