/*
 * Matrix products around matmul_block: B is packed into panels block by block, K_BLOCK by N_BLOCK; for
 * each, blocks of M_BLOCK rows of A, whose rows lie in the first-level cache while the panels come
 * from the second. A is read where it lies; only where its rows would fall into the same sets of
 * that cache is it packed too.
 */
#include "matmul.h"

#include "base/error.h"
#include "kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>

/* Measured: K_BLOCK 192 to 384 and M_BLOCK 98 to 392 differ by less than 5 %. */
enum { K_BLOCK = 256, N_BLOCK = 1024, M_BLOCK = 98, COLUMNS_MAX = 32 };

/* --- buffers of a thread --- */

typedef struct Buffers {
    float b[K_BLOCK * (N_BLOCK + COLUMNS_MAX)];
    float a[M_BLOCK * K_BLOCK];
} Buffers;

static pthread_key_t buffers_key;
static pthread_once_t buffers_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
    if (pthread_key_create(&buffers_key, free) != 0) die("gemm: no thread-specific data is left");
}

static Buffers *own_buffers(void)
{
    pthread_once(&buffers_once, make_key);
    Buffers *buffers = pthread_getspecific(buffers_key);
    if (buffers) return buffers;
    buffers = aligned_alloc(64, (sizeof *buffers + 63) / 64 * 64);
    if (!buffers) die("gemm: no memory for a thread's buffers");
    pthread_setspecific(buffers_key, buffers);
    return buffers;
}

/* --- blocks --- */

/* One product under way. */
typedef struct Product {
    const Kernels *kernel;
    float *packed_a;   /* NULL: A is read where it lies */
    int rows, columns; /* of matmul_block */
    float *c;
    size_t ldc;
    const float *a;
    size_t row_step, k_step; /* of a */
    GemmPoll poll;
    double unpolled; /* multiply-adds since the last poll */
} Product;

/* Multiply-adds between two polls: a quarter of a millisecond to a millisecond on one core. */
static const double PIECE = 32e6;

/* Rows of A whose distance is a multiple of half a page would share a few sets of the first-level
 * cache. Few columns do not pay for packing. */
static bool rows_collide(Transpose ta, int lda, int n)
{
    return ta == NO_TRANSPOSE && (size_t)lda * sizeof(float) % 2048 == 0 && n >= 64;
}

static Product product_of(Transpose ta, int n, const float *a, int lda, float *c, int ldc,
                          GemmPoll poll)
{
    const Kernels *kernel = kernels();
    return (Product){.kernel = kernel,
                     .packed_a = rows_collide(ta, lda, n) ? own_buffers()->a : NULL,
                     .rows = kernel->matmul_rows(),
                     .columns = kernel->matmul_columns(),
                     .c = c,
                     .ldc = (size_t)ldc,
                     .a = a,
                     .row_step = ta == TRANSPOSE ? 1 : (size_t)lda,
                     .k_step = ta == TRANSPOSE ? (size_t)lda : 1,
                     .poll = poll};
}

/* A block of A as (rows / ROWS)(k)(ROWS), so that a column of it is contiguous. */
static void pack_a(const Product *product, const float *a, int rows, int k)
{
    float *to = product->packed_a;
    for (int first = 0; first < rows; first += product->rows) {
        int count = rows - first < product->rows ? rows - first : product->rows;
        for (int i = 0; i < count; i++) {
            const float *from = a + (size_t)(first + i) * product->row_step;
            for (int t = 0; t < k; t++) to[(size_t)t * (size_t)count + (size_t)i] = from[t];
        }
        to += (size_t)count * (size_t)k;
    }
}

static void poll_after(Product *product, double work)
{
    product->unpolled += work;
    if (product->unpolled < PIECE || !product->poll.call) return;
    product->unpolled = 0;
    product->poll.call(product->poll.context);
}

/* Rows [row, row + rows) of the columns from `column` on that one panel holds; `from` is the first of k
 * elements, `a` the block of A. */
static void multiply_panel(const Product *product, const float *a, int row, int rows, int column,
                           int columns, const float *panel, int k, bool adds)
{
    for (int i = 0; i < rows; i += product->rows) {
        int count = rows - i < product->rows ? rows - i : product->rows;
        float *c = product->c + (size_t)(row + i) * product->ldc + (size_t)column;
        if (product->packed_a)
            product->kernel->matmul_block(c, product->ldc,
                                          product->packed_a + (size_t)i * (size_t)k, 1,
                                          (size_t)count, panel, k, count, columns, adds);
        else
            product->kernel->matmul_block(c, product->ldc, a + (size_t)i * product->row_step,
                                          product->row_step, product->k_step, panel, k, count,
                                          columns, adds);
    }
}

/* Rows [row, row + rows) of C, columns [column, column + n), k elements from `from`. Panels lie
 * panel_depth * columns floats apart. */
static void multiply_rows(Product *product, int row, int rows, int column, int n, int from, int k,
                          const float *panels, size_t panel_depth, bool adds)
{
    const float *a = product->a + (size_t)row * product->row_step + (size_t)from * product->k_step;
    if (product->packed_a) pack_a(product, a, rows, k);
    for (int j = 0; j < n; j += product->columns) {
        int columns = n - j < product->columns ? n - j : product->columns;
        multiply_panel(product, a, row, rows, column + j, columns, panels + (size_t)j * panel_depth,
                       k, adds);
        poll_after(product, (double)rows * columns * k);
    }
}

static void scale_c(int m, int n, float beta, float *c, int ldc)
{
    for (int i = 0; i < m; i++) {
        float *row = c + (size_t)i * (size_t)ldc;
        for (int j = 0; j < n; j++) row[j] = beta == 0 ? 0 : beta * row[j];
    }
}

void matmul(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
            const float *b, int ldb, float beta, float *c, int ldc, GemmPoll poll)
{
    Product product = product_of(ta, n, a, lda, c, ldc, poll);
    float *panels = own_buffers()->b;
    if (k == 0 || (beta != 0 && beta != 1)) scale_c(m, n, beta, c, ldc);
    int m_block = M_BLOCK / product.rows * product.rows;
    for (int column = 0; column < n; column += N_BLOCK) {
        int columns = n - column < N_BLOCK ? n - column : N_BLOCK;
        for (int from = 0; from < k; from += K_BLOCK) {
            int depth = k - from < K_BLOCK ? k - from : K_BLOCK;
            size_t at = tb == TRANSPOSE ? (size_t)column * (size_t)ldb + (size_t)from
                                        : (size_t)from * (size_t)ldb + (size_t)column;
            product.kernel->matmul_pack(panels, b + at, (size_t)ldb, tb == TRANSPOSE, depth,
                                        columns);
            if (alpha != 1)
                product.kernel->scale(panels, panels, alpha,
                                      matmul_packed_floats(depth, columns));
            for (int row = 0; row < m; row += m_block)
                multiply_rows(&product, row, m - row < m_block ? m - row : m_block, column, columns,
                              from, depth, panels, (size_t)depth, beta != 0 || from > 0);
        }
    }
}

/* --- packed right sides --- */

int matmul_packed_columns(void)
{
    return kernels()->matmul_columns();
}

size_t matmul_packed_floats(int k, int n)
{
    int columns = matmul_packed_columns();
    return (size_t)((n + columns - 1) / columns) * (size_t)columns * (size_t)k;
}

void matmul_pack(float *packed, Transpose tb, int k, int n, const float *b, int ldb)
{
    kernels()->matmul_pack(packed, b, (size_t)ldb, tb == TRANSPOSE, k, n);
}

void matmul_packed(Transpose ta, int m, int n, int k, const float *a, int lda, const float *packed,
                   float beta, float *c, int ldc, GemmPoll poll)
{
    Product product = product_of(ta, n, a, lda, c, ldc, poll);
    if (k == 0 || (beta != 0 && beta != 1)) scale_c(m, n, beta, c, ldc);
    int m_block = M_BLOCK / product.rows * product.rows;
    for (int row = 0; row < m; row += m_block) {
        int rows = m - row < m_block ? m - row : m_block;
        for (int from = 0; from < k; from += K_BLOCK)
            multiply_rows(&product, row, rows, 0, n, from, k - from < K_BLOCK ? k - from : K_BLOCK,
                          packed + (size_t)from * (size_t)product.columns, (size_t)k,
                          beta != 0 || from > 0);
    }
}
