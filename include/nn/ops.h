/*
 * The ops: each function adds one op to the graph and returns its output. Names get the graph's
 * scope; parameters are called NAME.weight and so on. Rank-4 tensors are images (N,H,W,C).
 */
#pragma once

#include "kernels/kernels.h"
#include "nn/graph.h"

/* Convolution with bias, no norm behind it: ConvNeXt's stem and downsampling.
 * x (N,H,W,C) -> (N,H',W',out_channels); weight (out_channels,K,K,C), bias. */
typedef struct Conv {
    int out_channels, kernel, stride, padding;
    Init init;
} Conv;
Tensor *nn_conv(Graph *graph, const char *name, Tensor *x, Conv options);

/* Layer normalisation over the last axis, with gain and bias. Any rank. */
Tensor *nn_layernorm(Graph *graph, const char *name, Tensor *x, float epsilon);

/* First half of a ConvNeXt block: depthwise convolution (`conv_dw`: weight (K,K,C), bias), then
 * normalisation over channels without gain and bias, which nn_mlp folds into its first matrix. */
typedef struct DepthwiseNorm {
    int kernel; /* odd, <= 7 */
    float epsilon;
    Init init;
} DepthwiseNorm;
Tensor *nn_depthwise_norm(Graph *graph, Tensor *x, DepthwiseNorm options);

/* x * weight + bias over the last axis: gain and bias behind a bare normalisation. */
Tensor *nn_affine(Graph *graph, const char *name, Tensor *x);

/* Second half: residual + drop_path(gamma * fc2(gelu(fc1(norm.weight * xhat + norm.bias)))).
 * Parameters norm.weight, norm.bias, mlp.fc1.*, mlp.fc2.*, gamma (if layer_scale > 0: its initial
 * value). */
typedef struct Mlp {
    const char *norm_name; /* NULL: "norm" */
    int hidden;
    float layer_scale; /* 0: no gamma */
    float drop_path;   /* probability that an image skips the branch in training */
    Init init;
} Mlp;
Tensor *nn_mlp(Graph *graph, Tensor *xhat, Tensor *residual, Mlp options);

/* Convolution, batch norm, optional residual, activation. In training the statistics are those
 * of the lane. weight (out_channels,K,K,C/groups); norm parameters are called `norm_name`.*: gain, bias,
 * and the statistics running_mean, running_var. */
typedef struct ConvNorm {
    int out_channels, kernel, stride, padding;
    bool same;  /* TensorFlow's padding instead: ceil(side / stride) pixels, the odd one behind */
    int groups; /* 0 or 1: dense; as many as channels: depthwise, weight (K,K,C) */
    Activation activation;
    float epsilon, gain; /* gain: initial value, 0 for the last norm of a residual block */
    float drop_path;     /* probability that an image has only the residual in training */
    const char *norm_name;
    Init init;
} ConvNorm;
Tensor *nn_conv_norm(Graph *graph, const char *name, Tensor *x, Tensor *residual, ConvNorm options);

/* Parameter-free shortcut of CIFAR ResNets (option A): every stride-th pixel, zero channels added
 * evenly on both sides. (N,H,W,C) -> (N,ceil(H/s),ceil(W/s),out_channels). */
typedef struct PadShortcut {
    int stride, out_channels;
} PadShortcut;
Tensor *nn_pad_shortcut(Graph *graph, const char *name, Tensor *x, PadShortcut options);

/* Largest or mean value of each K x K window; padding takes no part: (N,H,W,C) -> (N,H',W',C). */
typedef struct Pool2d {
    int kernel, stride, padding;
    bool ceil; /* a last window may hang over the edge */
} Pool2d;
Tensor *nn_max_pool(Graph *graph, const char *name, Tensor *x, Pool2d options);
Tensor *nn_average_pool(Graph *graph, const char *name, Tensor *x, Pool2d options);

/* Mean over height and width: (N,H,W,C) -> (N,C). */
Tensor *nn_mean_pool(Graph *graph, const char *name, Tensor *x);

/* (...,D) -> (...,out); weight (out,D), bias; GELU behind it if asked for. */
typedef struct Linear {
    int out;
    bool gelu;
    float drop_path; /* of nn_linear_residual */
    Init init;
} Linear;
Tensor *nn_linear(Graph *graph, const char *name, Tensor *x, Linear options);
/* residual + drop_path(linear(x)); without GELU. */
Tensor *nn_linear_residual(Graph *graph, const char *name, Tensor *x, Tensor *residual,
                           Linear options);

/* --- transformers --- */

/* The normalised rows alone; gain and bias belong to the op behind, which folds them in (nn_mlp). */
Tensor *nn_normalize(Graph *graph, const char *name, Tensor *x, float epsilon);

/* Patches (N,H,W,D) as a sequence (N,T,D) with learnt places: pos_embed (T,D), and before them, if
 * asked for, cls_token (D). */
Tensor *nn_tokens(Graph *graph, const char *name, Tensor *patches, bool class_token);

/* Self-attention of `heads` heads: queries, keys and values (N,T,3D) -> (N,T,D). */
Tensor *nn_attention(Graph *graph, const char *name, Tensor *qkv, int heads);

/* (N,T,D) -> (N,D): the first token, or the mean of those from number `skip` on. */
Tensor *nn_first_token(Graph *graph, const char *name, Tensor *x);
Tensor *nn_mean_tokens(Graph *graph, const char *name, Tensor *x, int skip);

/* Global response normalisation (Woo et al. 2023) of (N,H,W,C): x + bias + weight * x * n, with n the
 * norm of a channel over the image / their mean over channels. */
Tensor *nn_grn(Graph *graph, const char *name, Tensor *x);

/* x (N,…): each element is zero with `probability` in training, the others are divided by 1 - probability (Srivastava et
 * al. 2014). Which ones are depends on seed, step, record and the op's name. */
Tensor *nn_dropout(Graph *graph, const char *name, Tensor *x, float probability);

/* (N,H,W,D) or (N,T,D) -> (N,D): the mean of all places, weighted by the softmax of x w / sqrt(D) with a learnt
 * `weight` (D), which starts at 0: the plain mean. */
Tensor *nn_attention_pool(Graph *graph, const char *name, Tensor *x);

/* What becomes of the heads' gradients on the features that they share. */
typedef enum TapUse {
    TAPS_NONE,    /* there are no taps */
    TAPS_WATCH,   /* they are added as without taps, to the same bits */
    TAPS_APART,   /* they are added from their own exact values */
    TAPS_PROJECT, /* likewise after projection, image by image (Yu et al. 2020) */
} TapUse;

typedef struct Taps {
    TapUse use; /* not TAPS_NONE */
    int count;  /* heads that read the features */
} Taps;
/* (N,D) -> (N,D), the same: what head number `index` of options.count reads. x: the features for the first head, the tap
 * of the one before for all others; tap and layers of a head are added before the next tap. The sums over the lane's
 * images of the products of their gradients go to Run.products. For training. */
Tensor *nn_tap(Graph *graph, const char *name, Tensor *x, int index, Taps options);

/* --- losses ---
 * Each reads the targets of head number `head` (index into Run.head) and returns the predictions. A target's loss has
 * one or more terms; the gradient of a term is scaled by the target's weight and the head's `scale`. A target
 * of weight 0 contributes nothing. docs/heads.md has the formulas. */

/* Logits (N,K) -> probabilities (N,K). Cross-entropy, or focal loss (Lin et al. 2017) with gamma > 0; one
 * term. */
typedef struct SoftmaxLoss {
    int head;
    float smoothing; /* share of the label that is spread over all classes; without gamma */
    float gamma;
    double temperature; /* divides the logits of probabilities, not of the loss; 0: 1 */
} SoftmaxLoss;
Tensor *nn_softmax_loss(Graph *graph, const char *name, Tensor *logits, SoftmaxLoss options);

/* Logits (N,K) -> probabilities (N,K), each for itself. Binary cross-entropy, or asymmetric loss (Ridnik et al.
 * 2021) where gammas and margin are not 0; K terms. */
typedef struct SigmoidLoss {
    int head;
    float gamma_positive, gamma_negative, margin;
    const double *positive_weight; /* (K) of a class's positives, read at each run; NULL: all 1 */
    double temperature;            /* as of SoftmaxLoss */
} SigmoidLoss;
Tensor *nn_sigmoid_loss(Graph *graph, const char *name, Tensor *logits, SigmoidLoss options);

/* Logits (N,K-1) -> probabilities (N,K). Logit k says whether a label of k or more is more than k (CORN; Shi, Cao and
 * Raschka 2021); a label has one term for each k up to its own that has a logit. */
typedef struct OrdinalLoss {
    int head;
    double temperature; /* as of SoftmaxLoss */
} OrdinalLoss;
Tensor *nn_ordinal_loss(Graph *graph, const char *name, Tensor *logits, OrdinalLoss options);
/* How many of the terms a label has. */
int nn_ordinal_terms(int label, int classes);
/* The median of a row of probabilities: the rank beyond which there is less than half. */
int nn_ordinal_rank(const float *probability, int classes);

typedef enum ValueDistance { DISTANCE_HUBER, DISTANCE_L1, DISTANCE_L2 } ValueDistance;

/* Outputs (N,1), in deviations from the mean -> values (N,1). One term. */
typedef struct ValueLoss {
    int head;
    ValueDistance distance;
    float delta;                    /* of Huber's loss */
    const double *mean, *deviation; /* of the training labels, read at each run */
} ValueLoss;
Tensor *nn_value_loss(Graph *graph, const char *name, Tensor *outputs, ValueLoss options);

/* Outputs (N,2), sine and cosine -> angles (N,1) in [0,period). Half the squared distance to the point of the
 * angle on the unit circle; one term. */
typedef struct AngleLoss {
    int head;
    double period; /* of a full turn: 360 in degrees */
} AngleLoss;
Tensor *nn_angle_loss(Graph *graph, const char *name, Tensor *outputs, AngleLoss options);
/* The shorter way between two angles. */
double nn_angle_distance(double a, double b, double period);

/* The parameter `name` (1) of head number `head`, which starts at 0: the logarithm of a variance that weights its loss
 * (Kendall, Gal and Cipolla 2018); not part of the network. Its gradient is HeadRun.half_weight - scale * loss. For
 * training, behind the head's loss, whose predictions it is given. */
Param *nn_log_variance(Graph *graph, const char *name, Tensor *prediction, int head);
