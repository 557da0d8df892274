/*
 * Spans of time on one thread, for profiles and traces. Whoever has work to time holds a pointer to
 * its thread's list, NULL while nobody watches, so that watching costs one branch when it is off.
 */
#pragma once

#include <stddef.h>

typedef enum SpanKind {
    SPAN_STEP,      /* contains all others of its step, on worker 0 */
    SPAN_LANE,      /* contains those of its lane; index: the lane */
    SPAN_INPUT,     /* reading, decoding, augmenting */
    SPAN_FORWARD,   /* index: the op */
    SPAN_BACKWARD,  /* index: the op */
    SPAN_SUM,       /* adding an op's gradient to the rank's sum; index: the op */
    SPAN_WAIT,      /* for the sums over ranks */
    SPAN_OPTIMIZER, /* the update of the parameters, all workers */
    SPAN_PREPARE,   /* folding and packing weights, all workers */
    SPAN_KINDS
} SpanKind;

extern const char *const span_kind_name[SPAN_KINDS];

typedef struct Span {
    SpanKind kind;
    int index;         /* what it means depends on the kind; -1: nothing */
    double begin, end; /* clock_seconds */
} Span;

typedef struct Spans {
    Span *list; /* (capacity), owned by whoever watches */
    size_t count, capacity;
    size_t lost; /* that did not fit */
} Spans;

/* Adds the span from `begin` to this moment. */
void spans_add(Spans *spans, SpanKind kind, int index, double begin);
void spans_clear(Spans *spans);
