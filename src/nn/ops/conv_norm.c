/*
 * Convolution, batch norm, residual and activation as one op. The statistics are those of the lane
 * ("ghost" batch norm); the lane's mean and unbiased variance leave through run->statistic, which
 * averages them over the lanes of the step. Kept for backward: the convolution's output, mean,
 * 1/deviation, and the op's own output, whose zeros are the ReLU's mask.
 */
#include "conv_norm.h"

#include "drop_path.h"

#include <string.h>

/* What the norm's kernels do themselves. SiLU's slope needs its argument, which is kept. */
static Activation clipping(const ConvNormOptions *options)
{
    return options->activation == ACTIVATION_SILU ? ACTIVATION_NONE : options->activation;
}

/* Vectors of channels in scratch, before what the convolution needs. */
typedef struct Vectors {
    double *sum, *product; /* forward: mean and sum of squared deviations */
    float *scale, *shift, *rstd, *unbiased, *offset, *factor;
    float *image_scale, *image_shift; /* of an image whose branch may be dropped */
} Vectors;

static size_t vector_floats(const Op *op)
{
    const ConvNormOptions *options = op->options;
    return ((size_t)options->conv.out_channels * 12 + 15) / 16 * 16;
}

static Vectors vectors(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    size_t C = (size_t)options->conv.out_channels;
    double *sum = (double *)(void *)run_scratch(run);
    float *first = (float *)(sum + 2 * C);
    return (Vectors){sum,           sum + C,       first,         first + C,     first + 2 * C,
                     first + 3 * C, first + 4 * C, first + 5 * C, first + 6 * C, first + 7 * C};
}

static size_t scratch(const Op *op, bool training)
{
    (void)training;
    const ConvNormOptions *options = op->options;
    return vector_floats(op) + (options->depthwise ? 0 : conv_scratch(&options->conv));
}

static size_t prepared(const Op *op)
{
    const ConvNormOptions *options = op->options;
    return options->depthwise ? 0 : conv_prepared(&options->conv);
}

static void prepare(const Op *op, const float *value, float *out)
{
    const ConvNormOptions *options = op->options;
    if (!options->depthwise) conv_prepare(&options->conv, value + op->param[WEIGHT]->offset, out);
}

static ConvCall call_of(const Op *op, const Run *run, ConvRowsFn *rows)
{
    const ConvNormOptions *options = op->options;
    return (ConvCall){op,
                      run,
                      &options->conv,
                      run_param(run, op, WEIGHT),
                      run_prepared(run, op),
                      run_scratch(run) + vector_floats(op),
                      rows};
}

/* Where the convolution's output goes: it is kept only for backward. */
static float *conv_out(const Op *op, const Run *run)
{
    return run_value(run, run->training ? op->saved[CONV_OUT] : op->out);
}

static void convolve(const Op *op, const Run *run, ConvRowsFn *rows)
{
    const ConvNormOptions *options = op->options;
    const ConvShape *shape = &options->conv.shape;
    const float *x = run_value(run, op->in[0]);
    float *z = conv_out(op, run);
    ConvCall call = call_of(op, run, rows);
    if (!options->depthwise) {
        options->conv.method->forward(&call, z, x);
        return;
    }
    size_t pixels = conv_out_pixels(shape), image = pixels * (size_t)options->conv.out_channels;
    for (size_t n = 0; n < (size_t)run->images; n++) {
        run->kernel->depthwise_strided_forward(z + n * image, x + n * conv_in_floats(shape),
                                               call.weight, shape);
        conv_rows_done(&call, n * pixels, (n + 1) * pixels);
    }
}

static void convolve_backward(const Op *op, const Run *run, const float *dz, ConvRowsFn *rows)
{
    const ConvNormOptions *options = op->options;
    const ConvShape *shape = &options->conv.shape;
    const float *x = run_value(run, op->in[0]);
    float *dweight = run_dparam(run, op, WEIGHT);
    ConvCall call = call_of(op, run, rows);
    bool adds = false;
    float *dx = run_grad_raw(run, op, 0, &adds);
    if (!options->depthwise) {
        options->conv.method->backward(&call, dx, adds, dweight, dz, x);
        return;
    }
    conv_clear_dx(&call, dx, adds);
    size_t pixels = conv_out_pixels(shape), image = pixels * (size_t)options->conv.out_channels;
    memset(dweight, 0, sizeof(float) * op->param[WEIGHT]->count);
    for (size_t n = 0; n < (size_t)run->images; n++) {
        conv_rows_done(&call, n * pixels, (n + 1) * pixels);
        run->kernel->depthwise_strided_backward(dx ? dx + n * conv_in_floats(shape) : NULL, dweight,
                                                dz + n * image, x + n * conv_in_floats(shape),
                                                call.weight, shape);
    }
}

static size_t lane_rows(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    return (size_t)run->images * conv_out_pixels(&options->conv.shape);
}

/* --- statistics and the norm's vectors --- */

/* 1 / sqrt(variance + epsilon); sqrt and division are exact, so no kernel is needed for the bits.
 */
static void reciprocal_deviation(float *rstd, const float *variance, float epsilon, int C)
{
    for (int c = 0; c < C; c++) rstd[c] = 1 / __builtin_sqrtf(variance[c] + epsilon);
}

static void add_moments(const Op *op, const Run *run, size_t begin, size_t end)
{
    Vectors v = vectors(op, run);
    int C = op->out->shape.dim[3];
    run->kernel->column_moments_add(v.sum, v.product, begin, conv_out(op, run) + begin * (size_t)C,
                                    end - begin, C);
}

/* Mean and 1/deviation of the lane, and its statistics to the step. */
static void lane_statistics(const Op *op, const Run *run, float *mean, float *rstd)
{
    const ConvNormOptions *options = op->options;
    Vectors v = vectors(op, run);
    double rows = (double)lane_rows(op, run);
    int C = options->conv.out_channels;
    for (int c = 0; c < C; c++) {
        mean[c] = (float)v.sum[c];
        rstd[c] = (float)(v.product[c] / rows);
        v.unbiased[c] = (float)(v.product[c] / (rows - 1));
    }
    reciprocal_deviation(rstd, rstd, options->epsilon, C);
    run->statistic(run->context, op->state[RUNNING_MEAN], mean);
    run->statistic(run->context, op->state[RUNNING_VAR], v.unbiased);
}

/* scale = gain * rstd, shift = bias - mean * scale. */
static void fold_norm(const Op *op, const Run *run, const float *mean, const float *rstd)
{
    const float *gain = run_param(run, op, GAIN), *bias = run_param(run, op, BIAS);
    Vectors v = vectors(op, run);
    for (int c = 0; c < op->out->shape.dim[3]; c++) {
        v.scale[c] = gain[c] * rstd[c];
        v.shift[c] = bias[c] - mean[c] * v.scale[c];
    }
}

static void fold_running(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    float *rstd = vectors(op, run).rstd;
    reciprocal_deviation(rstd, run_state(run, op, RUNNING_VAR), options->epsilon,
                         options->conv.out_channels);
    fold_norm(op, run, run_state(run, op, RUNNING_MEAN), rstd);
}

/* --- forward --- */

static bool drops_images(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    return run->training && options->drop_path > 0;
}

/* target = act(z * scale + shift + residual), rows of the lane. */
static void apply(const Op *op, const Run *run, float *target, const float *scale,
                  const float *shift, size_t begin, size_t end)
{
    const ConvNormOptions *options = op->options;
    int C = options->conv.out_channels;
    size_t at = begin * (size_t)C;
    run->kernel->batchnorm_apply(target + at, conv_out(op, run) + at, scale, shift,
                                 op->in[1] ? run_value(run, op->in[1]) + at : NULL,
                                 clipping(options), end - begin, C);
}

/* The same image by image; of a dropped one the residual alone is left. */
static void apply_to_kept(const Op *op, const Run *run, float *target, size_t begin, size_t end)
{
    const ConvNormOptions *options = op->options;
    Vectors v = vectors(op, run);
    size_t C = (size_t)options->conv.out_channels, rows = conv_out_pixels(&options->conv.shape);
    for (size_t row = begin, stop; row < end; row = stop) {
        size_t n = row / rows;
        stop = (n + 1) * rows < end ? (n + 1) * rows : end;
        float factor = drop_path_factor(op, run, options->drop_path, n);
        run->kernel->scale(v.image_scale, v.scale, factor, C);
        run->kernel->scale(v.image_shift, v.shift, factor, C);
        apply(op, run, target, v.image_scale, v.image_shift, row, stop);
    }
}

static void normalize(const Op *op, const Run *run, size_t begin, size_t end)
{
    const ConvNormOptions *options = op->options;
    size_t C = (size_t)options->conv.out_channels;
    Vectors v = vectors(op, run);
    bool keeps = op->saved[ARGUMENT] && run->training;
    float *target = run_value(run, keeps ? op->saved[ARGUMENT] : op->out);
    if (drops_images(op, run))
        apply_to_kept(op, run, target, begin, end);
    else
        apply(op, run, target, v.scale, v.shift, begin, end);
    if (options->activation == ACTIVATION_SILU)
        run->kernel->silu_forward(run_value(run, op->out) + begin * C, target + begin * C,
                                  (end - begin) * C);
}

/* Calls `rows` for the whole lane in pieces of about a tenth of a millisecond. */
static void for_pieces(const Op *op, const Run *run, ConvRowsFn *rows)
{
    enum { PIECE_FLOATS = 128 * 1024 };
    size_t all = lane_rows(op, run), piece = PIECE_FLOATS / (size_t)op->out->shape.dim[3] + 1;
    for (size_t begin = 0; begin < all; begin += piece) {
        rows(op, run, begin, begin + piece < all ? begin + piece : all);
        run_poll(run);
    }
}

/* Statistics are taken, and known ones are applied, while a piece of the output is in the cache. */
static void forward(const Op *op, Run *run)
{
    const ConvNormOptions *options = op->options;
    if (!run->training || options->fixed) {
        fold_running(op, run);
        convolve(op, run, normalize);
        return;
    }
    Vectors v = vectors(op, run);
    memset(v.sum, 0, 2 * sizeof(double) * (size_t)options->conv.out_channels);
    convolve(op, run, add_moments);
    float *mean = run_value(run, op->saved[MEAN]), *rstd = run_value(run, op->saved[RSTD]);
    lane_statistics(op, run, mean, rstd);
    fold_norm(op, run, mean, rstd);
    for_pieces(op, run, normalize);
}

/* --- backward --- */

/* The norm's scale and shift again, as forward has used them. */
static void fold_known(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    if (options->fixed)
        fold_running(op, run);
    else
        fold_norm(op, run, run_value(run, op->saved[MEAN]), run_value(run, op->saved[RSTD]));
}

/* The norm as forward has used it, whose scale and shift fold_* have made. */
static BatchNorm norm_of(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    Vectors v = vectors(op, run);
    const float *mean =
        options->fixed ? run_state(run, op, RUNNING_MEAN) : run_value(run, op->saved[MEAN]);
    /* Where images are dropped, drop_backward has passed the activation already. */
    Activation activation = drops_images(op, run) ? ACTIVATION_NONE : clipping(options);
    return (BatchNorm){mean, v.scale, v.shift, activation};
}

static const float *rstd_of(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    return options->fixed ? vectors(op, run).rstd : run_value(run, op->saved[RSTD]);
}

/* A residual's share of the gradient is the gated one, which the rest of backward then starts from. It goes to
 * the residual's gradient, or, if others have added to that, first to dout. */
static float *gated_gradient(const Op *op, const Run *run, bool *adds)
{
    *adds = false;
    if (!op->in[1] || drops_images(op, run)) return NULL;
    float *dresidual = run_grad_raw(run, op, 1, adds);
    return dresidual && !*adds ? dresidual : run_dout(run, op);
}

/* Passes dout through the activation and to the residual, and makes it that of the branch, which some images do
 * not have. */
static void drop_backward(const Op *op, const Run *run, size_t begin, size_t end)
{
    const ConvNormOptions *options = op->options;
    size_t C = (size_t)options->conv.out_channels, rows = conv_out_pixels(&options->conv.shape);
    float *dout = run_dout(run, op);
    size_t at = begin * C, count = (end - begin) * C;
    if (clipping(options))
        run->kernel->clip_backward(dout + at, dout + at, run_value(run, op->out) + at,
                                   clipping(options), count);
    bool adds = false;
    float *dresidual = run_grad_raw(run, op, 1, &adds);
    if (dresidual && adds) run->kernel->add(dresidual + at, dresidual + at, dout + at, count);
    if (dresidual && !adds) memcpy(dresidual + at, dout + at, sizeof(float) * count);
    for (size_t row = begin, stop; row < end; row = stop) {
        size_t n = row / rows;
        stop = (n + 1) * rows < end ? (n + 1) * rows : end;
        run->kernel->scale(dout + row * C, dout + row * C,
                           drop_path_factor(op, run, options->drop_path, n), (stop - row) * C);
    }
}

/* Sums for the gradients of gain and bias. */
static void reduce(const Op *op, const Run *run, size_t begin, size_t end)
{
    int C = op->out->shape.dim[3];
    size_t at = begin * (size_t)C, count = (end - begin) * (size_t)C;
    float *dout = run_dout(run, op) + at;
    if (op->saved[ARGUMENT])
        run->kernel->silu_backward(dout, dout, run_value(run, op->saved[ARGUMENT]) + at, count);
    if (drops_images(op, run)) drop_backward(op, run, begin, end);
    bool adds;
    float *gated = gated_gradient(op, run, &adds);
    BatchNorm norm = norm_of(op, run);
    Vectors v = vectors(op, run);
    run->kernel->batchnorm_backward_reduce(v.product, v.sum, gated ? gated + at : NULL, dout,
                                           op->in[1] ? run_value(run, op->out) + at : NULL,
                                           conv_out(op, run) + at, &norm, end - begin, C);
    if (adds) {
        float *dresidual = run_grad_raw(run, op, 1, &adds) + at;
        run->kernel->add(dresidual, dresidual, dout, count);
    }
}

/* dout becomes the gradient of the convolution's output. */
static void norm_backward(const Op *op, const Run *run, size_t begin, size_t end)
{
    int C = op->out->shape.dim[3];
    size_t at = begin * (size_t)C;
    bool adds;
    const float *gated = gated_gradient(op, run, &adds);
    BatchNorm norm = norm_of(op, run);
    if (gated) norm.activation = ACTIVATION_NONE;
    float *dout = run_dout(run, op) + at;
    Vectors v = vectors(op, run);
    run->kernel->batchnorm_backward_apply(dout, gated ? gated + at : dout, conv_out(op, run) + at,
                                          &norm, &(BatchNormSlope){v.offset, v.factor}, end - begin,
                                          C);
}

/* Gradients of gain and bias, and what flows back through the statistics: nothing if they are fixed. */
static void finish_sums(const Op *op, const Run *run)
{
    const ConvNormOptions *options = op->options;
    Vectors v = vectors(op, run);
    const float *rstd = rstd_of(op, run);
    float *dgain = run_dparam(run, op, GAIN), *dbias = run_dparam(run, op, BIAS);
    float rows = (float)lane_rows(op, run);
    for (int c = 0; c < options->conv.out_channels; c++) {
        dbias[c] = (float)v.sum[c];
        dgain[c] = (float)(v.product[c] * (double)rstd[c]);
        v.offset[c] = options->fixed ? 0 : v.scale[c] * (dbias[c] / rows);
        v.factor[c] = options->fixed ? 0 : v.scale[c] * rstd[c] * (dgain[c] / rows);
    }
}

static void backward(const Op *op, Run *run)
{
    const ConvNormOptions *options = op->options;
    Vectors v = vectors(op, run);
    fold_known(op, run);
    memset(v.sum, 0, 2 * sizeof(double) * (size_t)options->conv.out_channels);
    for_pieces(op, run, reduce);
    finish_sums(op, run);
    convolve_backward(op, run, run_dout(run, op), norm_backward);
}

/* The norm is one pass over the convolution's output, which is kept anyway: cheaper than the memory. */
static void remake(const Op *op, const Run *run)
{
    fold_known(op, run);
    for_pieces(op, run, normalize);
}

const OpType conv_norm_type = {.name = "conv_norm",
                               .keeps = KEEPS_IN0 | KEEPS_OUT,
                               .scratch = scratch,
                               .prepared = prepared,
                               .prepare = prepare,
                               .forward = forward,
                               .backward = backward,
                               .remake = remake,
                               .macs = macs_of_weights};
