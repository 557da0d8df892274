/* This instruction set's table. */
#include "kernels.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define ROW(name) .name = KERNEL(name),

const Kernels KERNEL(kernel_table) = {.isa = TEXT(KERNEL_ISA), KERNEL_LIST(ROW)};
