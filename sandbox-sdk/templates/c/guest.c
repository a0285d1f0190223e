/* A guest in C: classes of HbA1c for people whose disease code begins with E11. Change it into yours, with guest.toml.
 *
 *   clang --target=wasm32-unknown-unknown -mcpu=mvp -O2 -nostdlib -fno-builtin -Wl,--no-entry,-z,stack-size=4096 -o target/guest.wasm guest.c
 *   visiting guest trim target/guest.wasm target/guest.wasm && visiting guest check target/guest.wasm --manifest guest.toml
 */
#include "visiting.h"

VISITING_EXPORT("f")
int f(double hba1c, visiting_word code, visiting_word code_rest) {
    (void)code_rest;
    visiting_word head = code & VISITING_TEXT(0xff, 0xff, 0xff, 0, 0, 0, 0, 0);
    if (head != VISITING_TEXT('E', '1', '1', 0, 0, 0, 0, 0)) return 0;
    if (hba1c < 7.0) return 1;
    return hba1c < 8.0 ? 2 : 3;
}
