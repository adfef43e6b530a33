#include <stddef.h>
#include <stdint.h>

// libFuzzer's driver, as its documentation has it ("Using libFuzzer as a library"): no header comes with it.
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*check)(const uint8_t *start, size_t count));
