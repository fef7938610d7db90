#!/usr/bin/python3
"""Does with ctypes what the examples of sdk/foreign did, and compares.

Reads JSON lines {executor, payload, result}; prints a line for each that differs. Exits with 1 if one does, or none came.
"""
import base64, ctypes, json, math, sys
from ctypes import CFUNCTYPE, POINTER, byref, c_char, c_char_p, c_double, c_float, c_int, c_long, c_size_t, c_uint, \
    c_ulong, c_void_p

libz, libm, libc = ctypes.CDLL("libz.so.1"), ctypes.CDLL("libm.so.6"), ctypes.CDLL("libc.so.6", use_errno=True)
sqlite, crypto = ctypes.CDLL("libsqlite3.so.0"), ctypes.CDLL("libcrypto.so.3")


class Tm(ctypes.Structure):
    _fields_ = [(name, c_int) for name in "sec min hour mday mon year wday yday isdst".split()] + \
        [("gmtoff", c_long), ("zone", c_char_p)]


class Div(ctypes.Structure):
    _fields_ = [("quot", c_int), ("rem", c_int)]


def function(library, name, result, *arguments):
    found = library[name]
    found.restype, found.argtypes = result, list(arguments)
    return found


def data(value):
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def text(value):
    return {"base64": base64.b64encode(value).decode()}


def real(value):
    return value if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def checksum(name, first):
    call = function(libz, name, c_ulong, c_ulong, c_char_p, c_uint)
    return lambda p: {"returns": call(p[first], data(p["buf"]), len(data(p["buf"])))}


def compress2(p):
    call = function(libz, "compress2", c_int, c_void_p, POINTER(c_ulong), c_char_p, c_ulong, c_int)
    room, size, source = ctypes.create_string_buffer(65536), c_ulong(65536), data(p["source"])
    status = call(room, byref(size), source, len(source), p["level"])
    return {"returns": status, "dest": text(room.raw[:size.value]), "dest_len": size.value}


def round_trip(p):
    first = compress2(p)
    call = function(libz, "uncompress", c_int, c_void_p, POINTER(c_ulong), c_char_p, c_ulong)
    room, size, source = ctypes.create_string_buffer(65536), c_ulong(65536), data(first["dest"])
    status = call(room, byref(size), source, len(source))
    return {"compress2": first, "uncompress": {"returns": status, "dest": text(room.raw[:size.value]),
                                               "dest_len": size.value}}


def frexp(p):
    call, exponent = function(libm, "frexp", c_double, c_double, POINTER(c_int)), c_int()
    return {"returns": call(p["x"], byref(exponent)), "exponent": exponent.value}


def logarithm(p):
    call = function(ctypes.CDLL("libm.so.6", use_errno=True), "log", c_double, c_double)
    ctypes.set_errno(0)
    return {"returns": real(call(p["x"])), "errno": ctypes.get_errno()}


def strftime(p):
    call = function(libc, "strftime", c_size_t, c_void_p, c_size_t, c_char_p, POINTER(Tm))
    room = ctypes.create_string_buffer(256)
    values = {key: value for key, value in p["time"].items() if key != "zone"}
    count = call(room, 256, p["format"].encode(), byref(Tm(**values)))
    return {"returns": count, "text": room.raw[:count].decode()}


def qsort(p):
    order = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))(lambda a, b: (a[0] > b[0]) - (a[0] < b[0]))
    values = (c_int * len(p["values"]))(*p["values"])
    libc.qsort(values, c_size_t(len(values)), c_size_t(4), order)
    return {"values": list(values)}


def snprintf(p):
    room = ctypes.create_string_buffer(256)
    count = libc.snprintf(room, c_size_t(256), b"%s is %d, %.3f", p["name"].encode(), c_int(p["number"]),
                          c_double(p["real"]))
    return {"returns": count, "text": room.value.decode()}


def div(p):
    value = function(libc, "div", Div, c_int, c_int)(p["numerator"], p["denominator"])
    return {"returns": {"quot": value.quot, "rem": value.rem}}


def sql(p):
    handle, rows, message = c_void_p(), [], c_char_p()
    kind = CFUNCTYPE(c_int, c_void_p, c_int, POINTER(c_char_p), POINTER(c_char_p))

    def row(_, count, values, names):
        rows.append({"columns": count, "values": [v and v.decode() for v in values[:count]],
                     "names": [n.decode() for n in names[:count]]})
        return 0
    opened = sqlite.sqlite3_open(p["file"].encode(), byref(handle))
    status = sqlite.sqlite3_exec(handle, p["sql"].encode(), kind(row), None, byref(message))
    return {"open": {"returns": opened},
            "exec": {"returns": status, "rows": rows, "message": message.value and message.value.decode()},
            "close": {"returns": sqlite.sqlite3_close(handle)}}


def digest(name, size):
    def call(p):
        room, value = (c_char * size)(), data(p["data"])
        crypto[name](value, c_size_t(len(value)), room)
        return {"returns": True, "digest": room.raw.hex()}
    return call


def unary(name, kind):
    call = function(libm, name, kind, kind)
    return lambda p: {"returns": real(call(p["x"]))}


CALLS = {
    "crc32": checksum("crc32", "crc"), "adler32": checksum("adler32", "adler"), "compress2": compress2,
    "round-trip": round_trip, "cos": unary("cos", c_double), "sqrtf": unary("sqrtf", c_float),
    "pow": lambda p: {"returns": real(function(libm, "pow", c_double, c_double, c_double)(p["x"], p["y"]))},
    "frexp": frexp, "log": logarithm, "strftime": strftime, "qsort": qsort, "snprintf": snprintf, "div": div, "sql": sql,
    "strdup": lambda p: {"returns": p["text"]},
    "sha1": digest("SHA1", 20), "sha256": digest("SHA256", 32), "sha512": digest("SHA512", 64),
}


def main():
    count = wrong = 0
    for line in sys.stdin:
        row = json.loads(line)
        wanted, got = CALLS[row["executor"]](row["payload"]), row["result"]
        if row["executor"] == "log":
            got["errno"] = got["errno"]["number"]
        count += 1
        if wanted != got:
            wrong += 1
            print(row["executor"], json.dumps(row["payload"])[:200], "ctypes:", json.dumps(wanted)[:200],
                  "ostler:", json.dumps(got)[:200])
    print(f"{count} compared, {wrong} differ")
    sys.exit(0 if count and not wrong else 1)


main()
