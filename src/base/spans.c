/* Spans of time on one thread. */
#include "base/spans.h"

#include "base/clock.h"

const char *const span_kind_name[SPAN_KINDS] = {
    [SPAN_STEP] = "step",         [SPAN_LANE] = "lane",           [SPAN_INPUT] = "input",
    [SPAN_FORWARD] = "forward",   [SPAN_BACKWARD] = "backward",   [SPAN_SUM] = "sum",
    [SPAN_WAIT] = "wait for sum", [SPAN_OPTIMIZER] = "optimizer", [SPAN_PREPARE] = "prepare",
};

void spans_add(Spans *spans, SpanKind kind, int index, double begin)
{
    if (spans->count == spans->capacity) {
        spans->lost++;
        return;
    }
    spans->list[spans->count++] = (Span){kind, index, begin, clock_seconds()};
}

void spans_clear(Spans *spans)
{
    spans->count = spans->lost = 0;
}
