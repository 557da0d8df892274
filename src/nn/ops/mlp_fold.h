/*
 * The folded weights of the MLP (mlp.c tells the algebra): made once per step, in panels, and shared
 * by the workers; and the way back from gradients of folded weights to those of the parameters.
 */
#pragma once

#include "nn/ops.h"
#include "nn/run.h"

/* Mlp, and what the graph decides. */
typedef struct MlpOptions {
    Mlp given;
    bool packs_backward; /* W1' and W2' are among the prepared weights */
} MlpOptions;

enum { MLP_NORM_GAIN, MLP_NORM_BIAS, MLP_FC1, MLP_FC1_BIAS, MLP_FC2, MLP_FC2_BIAS, MLP_GAMMA };

typedef struct MlpFolded {
    float *w1t; /* W1'^T (C,hidden), in panels, as all four */
    float *w2t; /* W2'^T (hidden,C) */
    float *w1;  /* W1' (hidden,C); NULL without packs_backward */
    float *w2;  /* W2' (C,hidden); likewise */
    float *b1;  /* (hidden), zeros up to whole panels behind it */
    float *b2;  /* (C) */
} MlpFolded;

size_t mlp_prepared(const Op *op);
void mlp_prepare(const Op *op, const float *value, float *base);
MlpFolded mlp_folded(const Op *op, const Run *run);

/* What backward reads for the hidden columns [column, column + columns). */
typedef struct MlpPart {
    const float *w1; /* these rows of W1', in panels of w1_rows rows */
    int w1_rows;
    const float *w2; /* these columns of W2' */
} MlpPart;

/* Floats of scratch for a part of so many columns, and the part: of what is prepared or, without
 * packs_backward, packed into the scratch. */
size_t mlp_part_floats(const Op *op, int columns);
MlpPart mlp_part(const Op *op, const Run *run, const MlpFolded *folded, int column, int columns,
                 float *scratch);

/* Gradients with respect to the folded weights, in the places of run->dparam where those of the
 * parameters go. */
typedef struct MlpSums {
    float *dw1; /* dW1' (hidden,C) */
    float *db1; /* (hidden) */
    float *g;   /* G = dout^T h (C,hidden) */
    float *t;   /* (C): sum of s dout */
} MlpSums;

MlpSums mlp_sums(const Op *op, const Run *run);
/* Turns the sums into the parameters' gradients, in place. */
void mlp_unfold(const Op *op, const Run *run, const MlpSums *sums);
