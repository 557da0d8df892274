/*
 * Addressed random numbers: Philox 4x32-10 (Salmon et al., SC'11). A draw is a pure function of
 * (seed, purpose, name, a, b, position), so nothing is carried from step to step and the same
 * sample gets the same draw on any rank and after any resume.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What a draw is for; the comment says what `name`, `a` and `b` hold. Never renumber. */
typedef enum RandomPurpose {
    RANDOM_INIT = 1,      /* parameter name, 0, 0 */
    RANDOM_ORDER = 2,     /* -, epoch, 0 */
    RANDOM_AUGMENT = 3,   /* -, epoch, record */
    RANDOM_DROP = 4,      /* op name, step, record */
    RANDOM_MIX = 5,       /* -, step, lane */
    RANDOM_SPLIT = 6,     /* -, 0, record: packing */
    RANDOM_RENDER = 7,    /* kind of draw, its number, -: datasets/mechanical */
    RANDOM_PROJECT = 8,   /* op name, step, record: order in which heads meet */
    RANDOM_RESAMPLE = 12, /* -, resample, 0: records of an evaluation */
    RANDOM_SWEEP = 13,    /* key of the configuration, trial, attempt */
} RandomPurpose;

typedef struct Random {
    uint32_t key[2];
    uint32_t counter[4]; /* [0] counts the blocks of four words drawn */
    uint32_t word[4];
    int used; /* words of `word` already handed out; 4: draw a block */
} Random;

/* `name`: hash_text of a name, or 0. */
Random random_at(uint64_t seed, RandomPurpose purpose, uint64_t name, uint64_t a, uint64_t b);

uint32_t random_u32(Random *random);
/* Uniform in 0 … below-1 without bias; below >= 1. */
uint32_t random_below(Random *random, uint32_t below);
/* Uniform in [0,1): 53 random bits. */
double random_uniform(Random *random);
/* Normal with mean 0 and deviation 1. */
double random_normal(Random *random);
/* The next `count` draws of random_normal, the same bits, in a fourth of the time. */
void random_normals(Random *random, double *normal, size_t count);
/* From Beta(alpha, alpha), in [0,1]; alpha > 0. */
double random_beta(Random *random, double alpha);

/* The bare generator: 10 rounds on `counter` with `key`. */
void random_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
