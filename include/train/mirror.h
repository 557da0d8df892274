/* Images seen a second time in a mirror, and what is said of both put together (the test-time flip). */
#pragma once

#include "data/flips.h"
#include "models/model.h"
#include "train/checkpoint.h"
#include "train/config.h"

/* Of one run of a network. */
typedef struct Mirror {
    const Model *network;
    FlipRule *rule; /* (heads); without `becomes`: the head allows no flip */
    float *input;   /* (lane,side,side,3): the lane's images, mirrored */
} Mirror;

/* What a mirror means for the heads follows from heads[].flips of `config`; head (network->heads) are those of the
 * checkpoint, in the network's order. Memory comes from `arena`. */
bool mirror_create(Mirror *mirror, const Model *network, const Config *config,
                   const CheckpointHead *head, Arena *arena, Error *err);

/* Keeps the input of the run's images, mirrored: a forward may use its place for other things. */
void mirror_take(const Mirror *mirror, const Run *run);
/* Forward of what was kept. */
void mirror_forward(const Mirror *mirror, Run *run);

/* Whether head number h takes the mirror image into account. */
bool mirror_allows(const Mirror *mirror, int h);
/* After mirror_forward: makes own (images, classes or 1), a head's predictions from the images themselves, the means with
 * those from their mirror images: of probabilities, of numbers, of angles the middle of the shorter arc. Classes that a flip
 * exchanges, and numbers that it mirrors, are turned back. Nothing, if the head does not allow it. */
void mirror_merge(const Mirror *mirror, const Run *run, int h, float *own);
/* The mean of own (count) and other (count), into own. */
void mirror_mean(float *own, const float *other, size_t count);
