/*
 * A step as a Chrome trace: complete events ("ph": "X") with microseconds since the step began,
 * process 0, one thread per worker. Spans nest by their times.
 */
#include "bench/profile.h"

#include "io/file.h"
#include "io/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_thread_name(Json *json, int worker)
{
    char name[32];
    snprintf(name, sizeof name, "worker %d", worker);
    json_begin(json, NULL);
    json_add_text(json, "name", "thread_name");
    json_add_text(json, "ph", "M");
    json_add_integer(json, "pid", 0);
    json_add_integer(json, "tid", worker);
    json_begin(json, "args");
    json_add_text(json, "name", name);
    json_end(json);
    json_end(json);
}

static bool is_of_op(const Span *span)
{
    return span->kind == SPAN_FORWARD || span->kind == SPAN_BACKWARD || span->kind == SPAN_SUM;
}

static void add_details(Json *json, const Profile *profile, const Span *span)
{
    json_begin(json, "args");
    if (span->kind == SPAN_LANE || span->kind == SPAN_INPUT)
        json_add_integer(json, "lane", span->index);
    if (is_of_op(span)) {
        const OpTime *time = &profile->op[span->index];
        json_add_text(json, "type", time->type);
        if (span->kind == SPAN_FORWARD)
            json_add_integer(json, "macs_per_image", (int64_t)time->work.forward);
        if (span->kind == SPAN_BACKWARD)
            json_add_integer(json, "macs_per_image", (int64_t)time->work.backward);
    }
    json_end(json);
}

static void add_event(Json *json, const Profile *profile, const Span *span, int worker,
                      double origin)
{
    json_begin(json, NULL);
    json_add_text(json, "name",
                  is_of_op(span) ? profile->op[span->index].name : span_kind_name[span->kind]);
    json_add_text(json, "cat", span_kind_name[span->kind]);
    json_add_text(json, "ph", "X");
    json_add_real(json, "ts", 1e6 * (span->begin - origin));
    json_add_real(json, "dur", 1e6 * (span->end - span->begin));
    json_add_integer(json, "pid", 0);
    json_add_integer(json, "tid", worker);
    add_details(json, profile, span);
    json_end(json);
}

static double step_begin(const Profile *profile)
{
    const Spans *spans = &profile->spans[0];
    for (size_t i = 0; i < spans->count; i++)
        if (spans->list[i].kind == SPAN_STEP) return spans->list[i].begin;
    return 0;
}

bool profile_write_trace(const Profile *profile, const char *path, Error *err)
{
    Json *json = json_create();
    double origin = step_begin(profile);
    json_add_text(json, "displayTimeUnit", "ms");
    json_begin_array(json, "traceEvents");
    for (int w = 0; w < profile->workers; w++) {
        add_thread_name(json, w);
        for (size_t i = 0; i < profile->spans[w].count; i++)
            add_event(json, profile, &profile->spans[w].list[i], w, origin);
    }
    json_end(json);
    char *text = json_print(json, false);
    bool ok = file_write(path, text, strlen(text), err);
    free(text);
    json_destroy(json);
    return ok;
}
