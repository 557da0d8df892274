/*
 * The folded weights of the MLP (mlp.c tells the algebra) in panels: made once per step and shared by
 * the workers or, to save their memory, group by group where they are read; and the way back from
 * gradients of folded weights to those of the parameters.
 */
#pragma once

#include "nn/ops.h"
#include "nn/run.h"

/* Mlp, and what the graph decides. */
typedef struct MlpOptions {
    Mlp given;
    bool packs_forward;  /* W1'^T and W2'^T are among the prepared weights */
    bool packs_backward; /* W1' and W2' likewise */
} MlpOptions;

enum { MLP_NORM_GAIN, MLP_NORM_BIAS, MLP_FC1, MLP_FC1_BIAS, MLP_FC2, MLP_FC2_BIAS, MLP_GAMMA };

/* The four matrices that products read, in panels. */
typedef enum MlpMatrix {
    MLP_W1T, /* W1'^T (C,hidden): u in forward, and in backward where it is made anew */
    MLP_W2T, /* W2'^T (hidden,C): out */
    MLP_W1,  /* W1' (hidden,C): dxhat */
    MLP_W2,  /* W2' (C,hidden): dh */
    MLP_MATRICES
} MlpMatrix;

typedef struct MlpFolded {
    float *matrix[MLP_MATRICES]; /* NULL: not among the prepared weights */
    float *b1;                   /* (hidden), zeros up to whole panels behind it */
    float *b2;                   /* (C) */
} MlpFolded;

size_t mlp_prepared(const Op *op);
void mlp_prepare(const Op *op, const float *value, float *base);
MlpFolded mlp_folded(const Op *op, const Run *run);

/* The columns of W1'^T or W2', or the rows of W2'^T or W1', that belong to a group of hidden columns. */
typedef struct MlpPiece {
    const float *at;
    int rows; /* of the panels that it lies in */
} MlpPiece;

/* Floats of scratch for a piece of so many hidden columns; 0 where all that are read are prepared. */
size_t mlp_piece_floats(const Op *op, int columns, bool training);
/* Of what is prepared or, where it is not, packed into the scratch. */
MlpPiece mlp_piece(const Op *op, const Run *run, const MlpFolded *folded, MlpMatrix which,
                   int column, int columns, float *scratch);

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
