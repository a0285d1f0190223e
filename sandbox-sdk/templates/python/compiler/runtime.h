/* What Python means, in C. Where Python raises an exception, or would need more than 64 bits, the call ends in a trap: the row is NULL, the
 * person has no rows. So a guest gives what Python gives, or nothing. */
#include "visiting.h"

typedef visiting_word i64;
typedef unsigned long long u64;
/* A text: bytes 0 to 7 and 8 to 15, the first in the highest place, zeros after the end. */
typedef struct { u64 a, b; } text;

#define MOST 0x7fffffffffffffffll
#define LEAST (-MOST - 1)
/* Up to here every whole number is a float. */
#define EXACT 0x20000000000000ll

double pow(double, double), exp(double), log(double), log2(double), log10(double), fmod(double, double);

static inline void need(int holds) { if (!holds) __builtin_trap(); }

/* Whole numbers. */
static inline i64 add(i64 x, i64 y) { i64 r; need(!__builtin_add_overflow(x, y, &r)); return r; }
static inline i64 sub(i64 x, i64 y) { i64 r; need(!__builtin_sub_overflow(x, y, &r)); return r; }
static inline i64 mul(i64 x, i64 y) {
    if (x == (int)x && y == (int)y) return x * y;
    i64 r; need(!__builtin_mul_overflow(x, y, &r)); return r;
}
/* Rounded down, as Python does; C rounds to zero. */
static inline i64 floordiv(i64 x, i64 y) {
    need(y != 0 && !(x == LEAST && y == -1));
    return x / y - (x % y != 0 && (x < 0) != (y < 0));
}
/* The sign of the divisor, as Python does; C takes that of the dividend. */
static inline i64 modulo(i64 x, i64 y) {
    need(y != 0);
    if (y == -1) return 0;
    i64 r = x % y;
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}
static inline i64 power(i64 x, i64 n) { i64 r = 1; while (n-- > 0) r = mul(r, x); return r; }
static inline i64 left(i64 x, i64 n) {
    need(n >= 0);
    if (x == 0) return 0;
    need(n < 64);
    i64 r = (i64)((u64)x << n);
    need(r >> n == x);
    return r;
}
static inline i64 right(i64 x, i64 n) { need(n >= 0); return x >> (n > 63 ? 63 : n); }
static inline i64 abs_int(i64 x) { return x < 0 ? sub(0, x) : x; }
static inline i64 min_int(i64 x, i64 y) { return y < x ? y : x; }
static inline i64 max_int(i64 x, i64 y) { return y > x ? y : x; }
/* Turns of `range(x, y, step)`. */
static inline u64 turns(i64 x, i64 y, i64 step) {
    if (step > 0) return x < y ? ((u64)y - (u64)x - 1) / (u64)step + 1 : 0;
    return x > y ? ((u64)x - (u64)y - 1) / (0 - (u64)step) + 1 : 0;
}
/* A place of `size` places, from the end where negative. */
static inline int place(i64 i, int size) { if (i < 0) i += size; need(i >= 0 && i < size); return (int)i; }

/* Floats. */
static inline double to_float(i64 x) { need(x >= -EXACT && x <= EXACT); return (double)x; }
static inline i64 to_int(double x) { need(x >= -0x1p63 && x < 0x1p63); return (i64)x; }
static inline double finite(double x) { need(__builtin_isfinite(x)); return x; }
static inline double divide(double x, double y) { need(y != 0); return x / y; }
static inline double modulo_float(double x, double y) {
    need(y != 0);
    double r = fmod(x, y);
    if (r == 0) return __builtin_copysign(0.0, y);
    return (r < 0) != (y < 0) ? r + y : r;
}
static inline double floordiv_float(double x, double y) {
    need(y != 0);
    double r = fmod(x, y), q = (x - r) / y;
    if (r != 0 && (r < 0) != (y < 0)) q -= 1;
    if (q == 0) return __builtin_copysign(0.0, x / y);
    double f = __builtin_floor(q);
    return q - f > 0.5 ? f + 1 : f;
}
/* An argument that is no number may give one that is none; where the arguments are numbers, Python raises. */
static inline double checked(double r, double x, double y) {
    need(__builtin_isfinite(r) || !__builtin_isfinite(x) || !__builtin_isfinite(y));
    return r;
}
static inline double power_float(double x, double y) { return checked(pow(x, y), x, y); }
static inline double exp_float(double x) { return checked(exp(x), x, x); }
static inline double sqrt_float(double x) { need(!(x < 0)); return __builtin_sqrt(x); }
static inline double log_float(double x) { need(!(x <= 0)); return log(x); }
static inline double log2_float(double x) { need(!(x <= 0)); return log2(x); }
static inline double log10_float(double x) { need(!(x <= 0)); return log10(x); }
static inline double min_float(double x, double y) { return y < x ? y : x; }
static inline double max_float(double x, double y) { return y > x ? y : x; }

/* Texts. Places are characters in Python and bytes here: with anything but ASCII the call ends. */
static inline int same(text x, text y) { return x.a == y.a && x.b == y.b; }
static inline int before(text x, text y) { return x.a != y.a ? x.a < y.a : x.b < y.b; }
static inline text ascii(text x) { need(!((x.a | x.b) & 0x8080808080808080ull)); return x; }
static inline i64 length(text x) {
    x = ascii(x);
    return x.b ? 16 - __builtin_ctzll(x.b) / 8 : x.a ? 8 - __builtin_ctzll(x.a) / 8 : 0;
}
static inline text slice(text x, i64 from, i64 to) {
    i64 size = length(x);
    if (from < 0) from = from < -size ? 0 : from + size;
    if (to < 0) to = to < -size ? 0 : to + size;
    if (to > size) to = size;
    if (from >= to) return (text){0, 0};
    int up = (int)from * 8, kept = (int)(to - from) * 8;
    if (up >= 64) x = (text){x.b << (up - 64), 0};
    else if (up) x = (text){x.a << up | x.b >> (64 - up), x.b << up};
    if (kept <= 64) return (text){x.a & (~0ull << (64 - kept)), 0};
    return (text){x.a, kept == 128 ? x.b : x.b & (~0ull << (128 - kept))};
}
static inline text letter(text x, i64 i) { i = place(i, (int)length(x)); return slice(x, i, i + 1); }
static inline i64 digits(text x) {
    i64 size = length(x), r = 0;
    need(size > 0);
    for (int i = 0; i < size; i++) {
        unsigned digit = visiting_byte((i64)x.a, (i64)x.b, i) - '0';
        need(digit < 10);
        r = r * 10 + digit;
    }
    return r;
}
