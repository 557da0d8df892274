/* Files of predictions: their formats, and what these have in common. */
#include "predictions_format.h"

#include "io/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const PredictionFormat *const formats[] = {&prediction_csv, &prediction_jsonl, NULL};

static const PredictionFormat *format_of(const char *path)
{
    size_t length = strlen(path);
    for (int f = 0; formats[f]; f++) {
        size_t suffix = strlen(formats[f]->suffix);
        if (length > suffix && strcmp(path + length - suffix, formats[f]->suffix) == 0)
            return formats[f];
    }
    return NULL;
}

bool predictions_check_path(const char *path, Error *err)
{
    return format_of(path) ||
           error_set(err, ERROR_USAGE, "--predictions: \"%s\" must end in .csv or .jsonl", path);
}

Answer prediction_answer(const Predictions *predictions, int head, size_t at)
{
    const HeadPredictions *from = &predictions->head[head];
    uint32_t record = predictions->record[at];
    Answer answer = {.labels = &predictions->engine->labels[head],
                     .head = &predictions->of[head],
                     .record = record};
    answer.labelled = label_is_known(answer.labels, record);
    if (predictions->bad[at]) return answer;
    answer.said = &from->said[at];
    if (from->width) answer.kept = from->vector + at * (size_t)from->width;
    return answer;
}

bool prediction_is_whole(const Predictions *predictions, int head)
{
    return predictions->keep == PREDICTIONS_WHOLE && predictions->of[head].classes > 0;
}

void prediction_print_label(char text[NUMBER_BYTES], double value)
{
    snprintf(text, NUMBER_BYTES, "%.15g", value);
    if (strtod(text, NULL) != value) snprintf(text, NUMBER_BYTES, "%.17g", value);
}

void prediction_print_float(char text[NUMBER_BYTES], float value)
{
    snprintf(text, NUMBER_BYTES, "%.9g", (double)value);
}

static bool write_lines(const PredictionFormat *format, const Predictions *predictions,
                        const char *temporary)
{
    FILE *file = fopen(temporary, "w");
    if (!file) return false;
    format->begin(file, predictions);
    for (size_t at = 0; at < predictions->records && !ferror(file); at++)
        format->record(file, predictions, at);
    bool ok = !ferror(file);
    return fclose(file) == 0 && ok;
}

bool predictions_write(const Predictions *predictions, const char *path, Error *err)
{
    if (!predictions_check_path(path, err)) return false;
    char temporary[4096];
    file_temporary(path, temporary, sizeof temporary);
    if (!write_lines(format_of(path), predictions, temporary)) {
        error_set(err, ERROR_SYSTEM, "%s: cannot write the predictions: %s", path, strerror(errno));
        remove(temporary);
        return false;
    }
    return file_commit(temporary, path, err);
}
