/* `pow` of the C library musl, off by less than one unit in the last place, as it lies in the package `ziglang`. Where nothing calls it,
 * the linker leaves it out. */
#include "pow.c"
#include "pow_data.c"
#include "exp_data.c"
#include "__math_oflow.c"
#include "__math_uflow.c"
#include "__math_xflow.c"
#include "__math_divzero.c"
#include "__math_invalid.c"
