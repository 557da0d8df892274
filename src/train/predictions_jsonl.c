/* Predictions as JSON lines: sets are arrays, what is missing is null. */
#include "predictions_format.h"

#include "io/json.h"

#include <math.h>

static void begin(FILE *file, const Predictions *predictions)
{
    (void)file, (void)predictions;
}

static void write_key(FILE *file, const char *key)
{
    json_write_text(file, key);
    fputc(':', file);
}

static void write_float(FILE *file, float value)
{
    char text[NUMBER_BYTES];
    prediction_print_float(text, value);
    fputs(isfinite(value) ? text : "null", file);
}

static void write_label(FILE *file, const Answer *answer)
{
    const LabelGroup *labels = answer->labels;
    char text[NUMBER_BYTES];
    int classes;
    const int32_t *class = label_classes(labels, answer->record, &classes);
    if (!answer->labelled) {
        fputs("null", file);
    } else if (labels->kind == LABEL_VALUE) {
        prediction_print_label(text, labels->value[answer->record]);
        fputs(text, file);
    } else if (labels->kind == LABEL_CLASS) {
        json_write_text(file, labels->class_name[class[0]]);
    } else {
        for (int j = 0; j < classes; j++) {
            fputc(j ? ',' : '[', file);
            json_write_text(file, labels->class_name[class[j]]);
        }
        fputs(classes ? "]" : "[]", file);
    }
}

static void write_set(FILE *file, const Answer *answer)
{
    const char *before = "";
    fputc('[', file);
    for (int k = 0; k < answer->head->classes; k++) {
        if (!score_holds(answer->kept[k])) continue;
        fputs(before, file);
        json_write_text(file, answer->labels->class_name[k]);
        before = ",";
    }
    fputc(']', file);
}

static void write_predicted(FILE *file, const Answer *answer)
{
    if (!answer->said)
        fputs("null", file);
    else if (answer->head->classes == 0)
        write_float(file, answer->kept[0]);
    else if (answer->said->predicted >= 0)
        json_write_text(file, answer->labels->class_name[answer->said->predicted]);
    else
        write_set(file, answer);
}

static void write_probabilities(FILE *file, const Answer *answer)
{
    for (int k = 0; k < answer->head->classes; k++) {
        fputc(k ? ',' : '[', file);
        write_float(file, answer->kept[k]);
    }
    fputc(']', file);
}

static void write_answer(FILE *file, const Answer *answer, bool whole)
{
    fputs("{\"label\":", file);
    write_label(file, answer);
    fputs(",\"predicted\":", file);
    write_predicted(file, answer);
    if (answer->head->classes && answer->said) {
        fputs(",\"probability\":", file);
        write_float(file, answer->said->probability);
        if (whole) {
            fputs(",\"probabilities\":", file);
            write_probabilities(file, answer);
        }
    }
    fputc('}', file);
}

static void record(FILE *file, const Predictions *predictions, size_t at)
{
    uint32_t number = predictions->record[at];
    const Pack *pack = predictions->engine->pack;
    fprintf(file, "{\"record\":%u,\"path\":", number);
    json_write_text(file, pack_record_path(pack, number));
    fprintf(file, ",\"split\":\"%s\",\"heads\":{", split_name(pack_split_of(pack, number)));
    for (int h = 0; h < predictions->heads; h++) {
        Answer answer = prediction_answer(predictions, h, at);
        if (h) fputc(',', file);
        write_key(file, predictions->of[h].name);
        write_answer(file, &answer, prediction_is_whole(predictions, h));
    }
    fputs("}}\n", file);
}

const PredictionFormat prediction_jsonl = {".jsonl", begin, record};
