// A product dst = src·weightsᵀ by oneDNN, for src [rows, in] and weights [out, in].
#pragma once
#ifdef __cplusplus
extern "C" {
#endif

enum { FLOAT32, BFLOAT16, INT8 };

typedef struct product product;

// product_new makes operands and lets oneDNN pack the weights as it likes best. Without a product it writes why not to error.
product *product_new(int kind, int threads, int rows, int in, int out, char *error, int size);
// product_run multiplies so many times and returns the seconds, or a negative number.
double product_run(product *m, int times);
// product_kernel names what oneDNN multiplies with.
const char *product_kernel(product *m);
void product_free(product *m);

#ifdef __cplusplus
}
#endif
