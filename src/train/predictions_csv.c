/* Predictions as CSV: sets are written as in a manifest, "rusty; bent", or ";" for none. */
#include "predictions_format.h"

#include "data/csv.h"

/* HEAD.WHAT, or HEAD.WHAT.CLASS. */
static void write_column(FILE *file, const char *head, const char *what, const char *class)
{
    fputs(",\"", file);
    csv_write_part(file, head);
    fprintf(file, ".%s%s", what, class ? "." : "");
    if (class) csv_write_part(file, class);
    fputc('"', file);
}

static void begin(FILE *file, const Predictions *predictions)
{
    fputs("record,path,split", file);
    for (int h = 0; h < predictions->heads; h++) {
        const ScoreHead *head = &predictions->of[h];
        const char *const *class = predictions->engine->labels[h].class_name;
        write_column(file, head->name, "label", NULL);
        write_column(file, head->name, "predicted", NULL);
        if (head->classes) write_column(file, head->name, "probability", NULL);
        for (int k = 0; prediction_is_whole(predictions, h) && k < head->classes; k++)
            write_column(file, head->name, "probability", class[k]);
    }
    fputc('\n', file);
}

/* The next member of a set; `any`: it is not the first. */
static void write_member(FILE *file, const char *name, bool *any)
{
    if (*any) fputs("; ", file);
    csv_write_part(file, name);
    *any = true;
}

static void write_label(FILE *file, const Answer *answer)
{
    const LabelGroup *labels = answer->labels;
    if (!answer->labelled) return;
    if (labels->kind == LABEL_VALUE) {
        char text[NUMBER_BYTES];
        prediction_print_label(text, labels->value[answer->record]);
        fputs(text, file);
        return;
    }
    int classes;
    const int32_t *class = label_classes(labels, answer->record, &classes);
    bool any = false;
    fputc('"', file);
    for (int j = 0; j < classes; j++) write_member(file, labels->class_name[class[j]], &any);
    fputs(any ? "\"" : ";\"", file);
}

static void write_float(FILE *file, float value)
{
    char text[NUMBER_BYTES];
    prediction_print_float(text, value);
    fputs(text, file);
}

static void write_predicted(FILE *file, const Answer *answer)
{
    const ScoreHead *head = answer->head;
    if (head->classes == 0) {
        write_float(file, answer->kept[0]);
        return;
    }
    bool any = false;
    fputc('"', file);
    for (int k = 0; k < head->classes; k++)
        if (answer->said->predicted == k ||
            (answer->said->predicted < 0 && score_holds(answer->kept[k])))
            write_member(file, answer->labels->class_name[k], &any);
    fputs(any ? "\"" : ";\"", file);
}

static void write_answer(FILE *file, const Answer *answer, bool whole)
{
    const ScoreHead *head = answer->head;
    fputc(',', file);
    write_label(file, answer);
    fputc(',', file);
    if (answer->said) write_predicted(file, answer);
    if (head->classes) fputc(',', file);
    if (head->classes && answer->said) write_float(file, answer->said->probability);
    for (int k = 0; whole && k < head->classes; k++) {
        fputc(',', file);
        if (answer->said) write_float(file, answer->kept[k]);
    }
}

static void record(FILE *file, const Predictions *predictions, size_t at)
{
    uint32_t number = predictions->record[at];
    const Pack *pack = predictions->engine->pack;
    fprintf(file, "%u,", number);
    csv_write_field(file, pack_record_path(pack, number));
    fprintf(file, ",%s", split_name(pack_split_of(pack, number)));
    for (int h = 0; h < predictions->heads; h++) {
        Answer answer = prediction_answer(predictions, h, at);
        write_answer(file, &answer, prediction_is_whole(predictions, h));
    }
    fputc('\n', file);
}

const PredictionFormat prediction_csv = {".csv", begin, record};
