/* Boundary of guests, version 2 (ABI.md): what a C guest needs to read a text argument, and the functions of the person form. */
#ifndef VISITING_H
#define VISITING_H

typedef long long visiting_word;

/* Puts FUNCTION under its name where the host finds it. */
#define VISITING_EXPORT(name) __attribute__((export_name(name), visibility("default")))

/* The person form exports three functions:
 *   VISITING_EXPORT("row") void row(int present, ...the arguments...);   bit n of `present`: argument n has a value
 *   VISITING_EXPORT("finish") int finish(void);                          number of rows about the person
 *   VISITING_EXPORT("get") double get(int row, int column);              one value of them
 * What they keep in static variables is gone before the next person. */
#define VISITING_HAS(present, argument) (((unsigned)(present) >> (argument)) & 1u)

/* No value: the result is NULL. */
#define VISITING_NONE (0.0 / 0.0)

/* Byte `place` (0 to 15) of a text argument, 0 beyond its end. */
static inline unsigned char visiting_byte(visiting_word first, visiting_word second, int place) {
    unsigned long long word = (unsigned long long)(place < 8 ? first : second);
    return (unsigned char)(word >> (56 - 8 * (place & 7)));
}

/* A literal of up to 8 bytes as the first word of a text: VISITING_TEXT('E', '1', '1', 0, 0, 0, 0, 0). */
#define VISITING_TEXT(a, b, c, d, e, f, g, h)                                                              \
    ((visiting_word)(((unsigned long long)(a) << 56) | ((unsigned long long)(b) << 48) |                   \
                     ((unsigned long long)(c) << 40) | ((unsigned long long)(d) << 32) |                   \
                     ((unsigned long long)(e) << 24) | ((unsigned long long)(f) << 16) |                   \
                     ((unsigned long long)(g) << 8) | (unsigned long long)(h)))

#endif
