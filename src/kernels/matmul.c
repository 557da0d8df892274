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
#include <string.h>

/* Measured: K_BLOCK 192 to 384 and M_BLOCK 98 to 392 differ by less than 5 %. Panels that are there already are
 * taken by PANELS_N_BLOCK columns (half a megabyte) and for more rows, since they come from further away. */
enum { K_BLOCK = 256, N_BLOCK = 1024, M_BLOCK = 98, COLUMNS_MAX = 32 };
enum { PANELS_N_BLOCK = 512, PANELS_M_BLOCK = 196, A_STEP = K_BLOCK + 16 };

/* --- buffers of a thread --- */

typedef struct Buffers {
    float b[K_BLOCK * (N_BLOCK + COLUMNS_MAX)];
    float a[M_BLOCK * A_STEP];
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

/* One product under way. A's element (i,t) lies at a[i * row_step + t * k_step] or, in panels, where
 * a_at says. */
typedef struct Product {
    const Kernels *kernel;
    float *packed_a;   /* NULL: A is read where it lies */
    int rows, columns; /* of matmul_block */
    float *c;
    size_t ldc;
    size_t c_step; /* from one panel's columns to the next */
    bool c_panels;
    const float *a;
    size_t row_step, k_step;
    size_t a_step; /* from one panel of A to the next; 0: not in panels */
    bool transposed;
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
                     .c_step = (size_t)kernel->matmul_columns(),
                     .a = a,
                     .row_step = ta == TRANSPOSE ? 1 : (size_t)lda,
                     .k_step = ta == TRANSPOSE ? (size_t)lda : 1,
                     .transposed = ta == TRANSPOSE,
                     .poll = poll};
}

/* A's element (row, t); of an A in panels a row where `transposed`, otherwise t, is the column. */
static const float *a_at(const Product *product, int row, int t)
{
    size_t i = (size_t)row, j = (size_t)t, columns = (size_t)product->columns;
    if (product->a_step == 0) return product->a + i * product->row_step + j * product->k_step;
    if (product->transposed)
        return product->a + i / columns * product->a_step + j * columns + i % columns;
    return product->a + j / columns * product->a_step + i * columns + j % columns;
}

/* A block of A as rows A_STEP apart. */
static void pack_a(const Product *product, const float *a, int rows, int k)
{
    for (size_t i = 0; i < (size_t)rows; i++)
        memcpy(product->packed_a + i * A_STEP, a + i * product->row_step,
               sizeof(float) * (size_t)k);
}

static void poll_after(Product *product, double work)
{
    product->unpolled += work;
    if (product->unpolled < PIECE || !product->poll.call) return;
    product->unpolled = 0;
    product->poll.call(product->poll.context);
}

/* How many of the next `rest` rows a block takes, from `row` on: as many as it can, but of rows that
 * are columns of a panel only those of one, in parts as even as can be. */
static int block_rows(const Product *product, int row, int rest)
{
    int most = product->rows;
    if (product->a_step && product->transposed) {
        int left = product->columns - row % product->columns;
        if (left > rest) left = rest;
        int blocks = (left + most - 1) / most;
        return (left + blocks - 1) / blocks;
    }
    return rest < most ? rest : most;
}

/* `count` rows from `row` on, k elements from `from` on; packed_a begins at row `first`. `ahead` of the panel
 * lies the next one, if it is to be fetched, or 0. */
static void multiply_block(const Product *product, float *c, int first, int row, int count,
                           int from, int columns, const float *panel, ptrdiff_t ahead, int k,
                           bool adds)
{
    const Kernels *kernel = product->kernel;
    const float *a = a_at(product, row, from);
    size_t row_step = product->row_step, k_step = product->k_step;
    if (product->packed_a) {
        a = product->packed_a + (size_t)(row - first) * A_STEP;
        row_step = A_STEP;
        k_step = 1;
    }
    if (product->a_step && !product->transposed)
        kernel->matmul_block_panels(c, product->ldc, a, product->a_step, panel, k, count, columns,
                                    adds);
    else if (ahead)
        kernel->matmul_block_ahead(c, product->ldc, a, row_step, k_step, panel, ahead, k, count,
                                   columns, adds);
    else
        kernel->matmul_block(c, product->ldc, a, row_step, k_step, panel, k, count, columns, adds);
}

/* Columns that are written if `rest` are left; a panel of C is written as a whole. */
static int columns_of(const Product *product, int rest)
{
    return rest < product->columns && !product->c_panels ? rest : product->columns;
}

/* Rows [row, row + rows) of C, columns [column, column + n), k elements from `from`. The first panel's
 * piece is `panels`, the next one panel_step floats further on. */
static void multiply_rows(Product *product, int row, int rows, int column, int n, int from, int k,
                          const float *panels, size_t panel_step, bool adds)
{
    if (product->packed_a) pack_a(product, a_at(product, row, from), rows, k);
    for (int j = 0; j < n; j += product->columns, panels += panel_step) {
        int columns = columns_of(product, n - j);
        float *c = product->c + (size_t)((column + j) / product->columns) * product->c_step;
        for (int i = 0, count; i < rows; i += count) {
            count = block_rows(product, row + i, rows - i);
            /* The first rows wait for a panel that nobody has fetched: a quarter of the time of a product
             * whose panels come from memory and serve 32 rows. Later rows may be so few that they ask
             * for the next one faster than it comes. */
            bool fetches = i == 0 && j + product->columns < n;
            multiply_block(product, c + (size_t)(row + i) * product->ldc, row, row + i, count, from,
                           columns, panels, fetches ? (ptrdiff_t)panel_step : 0, k, adds);
        }
        poll_after(product, (double)rows * columns * k);
    }
}

static void scale_c(int m, int n, float beta, float *c, size_t ldc)
{
    for (int i = 0; i < m; i++) {
        float *row = c + (size_t)i * ldc;
        for (int j = 0; j < n; j++) row[j] = beta == 0 ? 0 : beta * row[j];
    }
}

void matmul(Transpose ta, Transpose tb, int m, int n, int k, float alpha, const float *a, int lda,
            const float *b, int ldb, float beta, float *c, int ldc, GemmPoll poll)
{
    Product product = product_of(ta, n, a, lda, c, ldc, poll);
    float *panels = own_buffers()->b;
    if (k == 0 || (beta != 0 && beta != 1)) scale_c(m, n, beta, c, (size_t)ldc);
    int m_block = M_BLOCK / product.rows * product.rows;
    for (int column = 0; column < n; column += N_BLOCK) {
        int columns = n - column < N_BLOCK ? n - column : N_BLOCK;
        for (int from = 0; from < k; from += K_BLOCK) {
            int depth = k - from < K_BLOCK ? k - from : K_BLOCK;
            size_t at = tb == TRANSPOSE ? (size_t)column * (size_t)ldb + (size_t)from
                                        : (size_t)from * (size_t)ldb + (size_t)column;
            size_t step = (size_t)depth * (size_t)product.columns;
            product.kernel->matmul_pack(panels, b + at, (size_t)ldb, tb == TRANSPOSE, false, depth,
                                        columns);
            if (alpha != 1)
                product.kernel->scale(
                    panels, panels, alpha,
                    step * (size_t)((columns + product.columns - 1) / product.columns));
            for (int row = 0; row < m; row += m_block)
                multiply_rows(&product, row, m - row < m_block ? m - row : m_block, column, columns,
                              from, depth, panels, step, beta != 0 || from > 0);
        }
    }
}

/* --- panels --- */

int matmul_panel(void)
{
    return kernels()->matmul_columns();
}

static void place_panels(Product *product, const PanelProduct *given)
{
    size_t columns = (size_t)product->columns;
    if (given->a_panels) {
        product->packed_a = NULL;
        product->a_step = (size_t)given->lda * columns;
        product->row_step = product->transposed ? 1 : columns;
        product->k_step = product->transposed ? columns : 1;
    }
    if (given->c_panels) {
        product->c_panels = true;
        product->c_step = (size_t)given->ldc * columns;
        product->ldc = columns;
    }
}

/* C times beta unless the products do it by the way. */
static void scale_panels(const Product *product, const PanelProduct *given)
{
    if (given->k != 0 && (given->beta == 0 || given->beta == 1)) return;
    for (int j = 0; j < given->n; j += product->columns)
        scale_c(given->m, columns_of(product, given->n - j), given->beta,
                product->c + (size_t)(j / product->columns) * product->c_step, product->ldc);
}

void matmul_panels(const PanelProduct *given)
{
    Product product =
        product_of(given->ta, given->n, given->a, given->lda, given->c, given->ldc, given->poll);
    place_panels(&product, given);
    scale_panels(&product, given);
    int k = given->k, b_rows = given->b_rows ? given->b_rows : k;
    int most = product.packed_a ? M_BLOCK : PANELS_M_BLOCK,
        block = most / product.rows * product.rows;
    if (given->a_panels && product.transposed) block = most / product.columns * product.columns;
    for (int column = 0; column < given->n; column += PANELS_N_BLOCK) {
        int n = given->n - column < PANELS_N_BLOCK ? given->n - column : PANELS_N_BLOCK;
        const float *b = given->b + (size_t)column * (size_t)b_rows;
        for (int from = 0; from < k; from += K_BLOCK)
            for (int row = 0; row < given->m; row += block)
                multiply_rows(&product, row, given->m - row < block ? given->m - row : block,
                              column, n, from, k - from < K_BLOCK ? k - from : K_BLOCK,
                              b + (size_t)from * (size_t)product.columns,
                              (size_t)b_rows * (size_t)product.columns,
                              given->beta != 0 || from > 0);
    }
}
