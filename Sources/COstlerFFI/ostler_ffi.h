// What Swift cannot take from libffi as it is: its types are variables, and errno must be read before anything else runs.
#ifndef OSTLER_FFI_H
#define OSTLER_FFI_H

#include <errno.h>
#include <ffi.h>

static inline ffi_type *_Nonnull ostler_ffi_void(void) { return &ffi_type_void; }
static inline ffi_type *_Nonnull ostler_ffi_pointer(void) { return &ffi_type_pointer; }
static inline ffi_type *_Nonnull ostler_ffi_float(void) { return &ffi_type_float; }
static inline ffi_type *_Nonnull ostler_ffi_double(void) { return &ffi_type_double; }

/// The type of a whole number of 1, 2, 4 or 8 bytes.
static inline ffi_type *_Nonnull ostler_ffi_integer(int bytes, int is_signed) {
    switch (bytes) {
        case 1: return is_signed ? &ffi_type_sint8 : &ffi_type_uint8;
        case 2: return is_signed ? &ffi_type_sint16 : &ffi_type_uint16;
        case 4: return is_signed ? &ffi_type_sint32 : &ffi_type_uint32;
        default: return is_signed ? &ffi_type_sint64 : &ffi_type_uint64;
    }
}

/// Calls `function` with errno 0 and returns what errno is afterwards.
static inline int ostler_ffi_call(ffi_cif *cif, void *function, void *result, void **arguments) {
    errno = 0;
    ffi_call(cif, FFI_FN(function), result, arguments);
    return errno;
}

/// `ffi_prep_closure_loc` for a function whose argument is borrowed.
static inline ffi_status ostler_ffi_closure(ffi_closure *closure, ffi_cif *cif,
                                            void (*function)(ffi_cif *, void *, void **, void *), void *context,
                                            void *code) {
    return ffi_prep_closure_loc(closure, cif, function, context, code);
}

#endif
