// One function for each type of C that a manifest can declare, and each way to pass it.
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ECHO(name, type) \
    type echo_##name(type value) { return value; }
ECHO(bool, bool)
ECHO(schar, signed char)
ECHO(uchar, unsigned char)
ECHO(short, short)
ECHO(ushort, unsigned short)
ECHO(int, int)
ECHO(uint, unsigned int)
ECHO(long, long)
ECHO(ulong, unsigned long)
ECHO(longlong, long long)
ECHO(ulonglong, unsigned long long)
ECHO(int8, int8_t)
ECHO(uint8, uint8_t)
ECHO(int16, int16_t)
ECHO(uint16, uint16_t)
ECHO(int32, int32_t)
ECHO(uint32, uint32_t)
ECHO(int64, int64_t)
ECHO(uint64, uint64_t)
ECHO(size, size_t)
ECHO(ssize, ptrdiff_t)
ECHO(float, float)
ECHO(double, double)

struct point {
    int x;
    double y;
};
struct box {
    struct point from, to;
    uint8_t tag[3];
    const char *label;
};
enum color { red, green = 5, blue = -1 };

struct point swapped(struct point value) { return (struct point){(int)value.y, value.x}; }
struct box grown(struct box value, int by) {
    value.to.x += by;
    value.tag[2] = (uint8_t)by;
    return value;
}
double width(const struct box *value) { return value->to.x - value->from.x; }
void moved(struct point *value, int by) { value->x += by; }
void origin(struct point *value) { *value = (struct point){7, 0.5}; }
enum color next_color(enum color value) { return value == red ? green : value == green ? blue : red; }
enum color odd_color(void) { return (enum color)42; }

int failing(int code) {
    errno = code;
    return -1;
}
int sum(int count, ...) {
    va_list list;
    va_start(list, count);
    int total = 0;
    for (int index = 0; index < count; index++) total += va_arg(list, int);
    va_end(list);
    return total;
}
double blend(const char *format, ...) {
    va_list list;
    va_start(list, format);
    double total = va_arg(list, double) + (double)va_arg(list, long);
    total += (double)strlen(va_arg(list, const char *));
    va_end(list);
    return total;
}

static int given_back;
char *greeting(const char *name) {
    char *text = malloc(strlen(name) + 8);
    return strcat(strcpy(text, "hello, "), name);
}
void give_back(char *text) {
    given_back++;
    free(text);
}
int times_given_back(void) { return given_back; }
const char *kept(void) { return "kept"; }
const char *nothing(const char *value) { return value; }
const char *broken_text(void) { return "\xff\xfe"; }
void told(char **text) { *text = greeting("out"); }

void fill(uint8_t *room, size_t size) { memset(room, 0xab, size); }
int fill_some(char *room, int size) { return snprintf(room, (size_t)size, "some") ; }
int boast(char *room, int size) {
    (void)room;
    return size * 100;
}
uint32_t total(const uint8_t *bytes, size_t count) {
    uint32_t total = 0;
    for (size_t index = 0; index < count; index++) total += bytes[index];
    return total;
}
double sum_doubles(const double *values, size_t count) {
    double total = 0;
    for (size_t index = 0; index < count; index++) total += values[index];
    return total;
}
int lengths(const char **words, int count) {
    int total = 0;
    for (int index = 0; index < count; index++) total += (int)strlen(words[index]);
    return total;
}
void primes(int *room) { memcpy(room, (int[]){2, 3, 5, 7}, 4 * sizeof(int)); }
void doubled(int *value) { *value *= 2; }

struct counter {
    int value;
};
static int closed;
struct counter *counter_new(int start) {
    if (start < 0) return NULL;
    struct counter *counter = malloc(sizeof *counter);
    counter->value = start;
    return counter;
}
int counter_make(struct counter **counter, int start) {
    *counter = counter_new(start);
    return *counter ? 0 : 1;
}
int counter_add(struct counter *counter, int by) { return by == 0 ? -1 : (counter->value += by); }
void counter_close(struct counter *counter) {
    closed++;
    free(counter);
}
int times_closed(void) { return closed; }

int each(int count, int (*told)(int number, const char *name, const uint8_t *bytes, size_t size, double real)) {
    char name[32];
    int calls = 0;
    for (int index = 0; index < count; index++) {
        snprintf(name, sizeof name, "name %d", index);
        uint8_t bytes[2] = {(uint8_t)index, 0xff};
        calls++;
        if (told(index, name, bytes, sizeof bytes, index / 2.0)) break;
    }
    return calls;
}
void ping(void (*told)(void)) {
    told();
    told();
}
struct row {
    uint8_t grade;
    const char *name;
};
void sort_rows(struct row *rows, size_t count, int (*order)(const void *, const void *)) {
    qsort(rows, count, sizeof *rows, order);
}
void sort_doubles(double *values, size_t count, int (*order)(const void *, const void *)) {
    qsort(values, count, sizeof *values, order);
}
