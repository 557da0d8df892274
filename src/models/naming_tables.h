/* The tables behind naming.h; private to models. */
#pragma once

#include "models/naming.h"

/*
 * `ours` is a name without its scope "trunk."; "head." stands for the classifier. A letter in braces,
 * {a} or {b}, matches a number, a final * the rest. In `theirs` they are put in: {a}, {2a+1}, *. Names
 * in braces with commas are parts: {query,key,value}.
 */
typedef struct NamingRule {
    const char *ours, *theirs;
    const char
        *axes; /* theirs in terms of ours: "01.." is (O,I) as (O,I,1,1); NULL: by the scheme */
    const char *kinds; /* only for these, between spaces: " convnext_atto "; NULL: for all */
    bool positions;
} NamingRule;

/* Theirs in terms of ours by the rank of ours: dense kernels (O,K,K,I) and depthwise ones (K,K,C). */
typedef const char *const NamingAxes[SHAPE_MAX + 1];

struct Naming {
    const char *scheme, *family;
    const char *prefix; /* of their names but the classifier's */
    NamingAxes *axes;
    const NamingRule *rules; /* the first that fits; the last has ours NULL */
};

extern const Naming naming_tables[]; /* the last has scheme NULL */
