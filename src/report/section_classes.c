/* Which classes are taken for which, and which are found worst and best. */
#include "sections.h"

#include <math.h>
#include <stdlib.h>

enum { MATRIX_SIDE_MAX = 32, CLASSES_LISTED = 8 };

typedef struct ClassRow {
    int class;
    double labelled, right; /* images */
    int taken_for;          /* the class that it is mistaken for most often; -1: none */
    double so_often;
} ClassRow;

/* (classes,classes): images by label and answer. */
static double *count_confusions(const Answers *answers, int head, Arena *arena)
{
    const HeadAnswers *of = &answers->head[head];
    size_t classes = (size_t)of->width;
    double *count = arena_new(arena, double, classes *classes);
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->bad[i] || of->target[i].weight == 0) continue;
        count[(size_t)of->target[i].label * classes + (size_t)of->said[i].predicted]++;
    }
    return count;
}

static ClassRow row_of(const double *confusion, int classes, int class)
{
    ClassRow row = {.class = class, .taken_for = -1};
    const double *count = confusion + (size_t) class * (size_t)classes;
    for (int k = 0; k < classes; k++) {
        row.labelled += count[k];
        if (k == class) row.right = count[k];
        if (k == class || count[k] <= row.so_often) continue;
        row.taken_for = k;
        row.so_often = count[k];
    }
    return row;
}

/* Worst share first, of equals the class with more images. */
static int worst_first(const void *a, const void *b)
{
    const ClassRow *x = a, *y = b;
    double share = x->right * y->labelled - y->right * x->labelled;
    if (share != 0) return share < 0 ? -1 : 1;
    if (x->labelled != y->labelled) return x->labelled > y->labelled ? -1 : 1;
    return x->class - y->class;
}

static int most_mistakes_first(const void *a, const void *b)
{
    const ClassRow *x = a, *y = b;
    double more = (y->labelled - y->right) - (x->labelled - x->right);
    return more != 0 ? (more > 0 ? 1 : -1) : x->class - y->class;
}

static int by_class(const void *a, const void *b)
{
    return ((const ClassRow *)a)->class - ((const ClassRow *)b)->class;
}

/* All classes, or those with most mistakes in their usual order. */
static void draw_confusion(Page *page, const HeadAnswers *head, const double *confusion,
                           ClassRow *row, Arena *arena)
{
    int classes = head->width, shown = classes < MATRIX_SIDE_MAX ? classes : MATRIX_SIDE_MAX;
    qsort(row, (size_t)classes, sizeof *row, most_mistakes_first);
    qsort(row, (size_t)shown, sizeof *row, by_class);
    double *value = arena_new(arena, double, shown *shown);
    const char **name = arena_new(arena, const char *, shown);
    for (int r = 0; r < shown; r++) {
        name[r] = head->labels->class_name[row[r].class];
        for (int c = 0; c < shown; c++)
            value[r * shown + c] =
                confusion[(size_t)row[r].class * (size_t)classes + (size_t)row[c].class];
    }
    const char *title = shown < classes
                            ? arena_printf(arena, "%s: the %d of %d classes with most mistakes",
                                           head->name, shown, classes)
                            : head->name;
    draw_matrix(page, &(Matrix){.kind = MATRIX_CONFUSION,
                                .title = title,
                                .row_title = "label",
                                .column_title = "answer",
                                .rows = shown,
                                .columns = shown,
                                .row_name = name,
                                .column_name = name,
                                .value = value});
}

static void write_row(Page *page, const HeadAnswers *head, const ClassRow *row)
{
    double share = row->right / row->labelled;
    page_write(page, "<tr>");
    page_element(page, "td", NULL, head->labels->class_name[row->class]);
    page_write(page,
               "<td class=\"n\">%.0f&nbsp;%%</td><td class=\"n\">%.0f/%.0f</td>"
               "<td class=\"roomy\"><div class=\"bar\"><i style=\"width:%.1f%%;"
               "background:var(--right)\"></i></div></td>",
               100 * share, row->right, row->labelled, 100 * share);
    page_write(page, "<td>");
    if (row->taken_for >= 0) {
        page_text(page, head->labels->class_name[row->taken_for]);
        page_write(page, " (%.0f)", row->so_often);
    }
    page_write(page, "</td></tr>\n");
}

static void write_table(Page *page, const HeadAnswers *head, ClassRow *row)
{
    size_t seen = 0;
    for (int k = 0; k < head->width; k++)
        if (row[k].labelled > 0) row[seen++] = row[k];
    qsort(row, seen, sizeof *row, worst_first);
    page_write(page, "<div class=\"card\">");
    page_element(page, "h3", NULL, head->name);
    page_write(
        page,
        "<div class=\"scroll\"><table class=\"full\"><tr><th>class</th>"
        "<th class=\"n\">right</th><th class=\"n\">images</th><th class=\"roomy\"></th>%s</tr>\n",
        head->type->measure == MEASURE_SET ? "<th></th>" : "<th>mostly taken for</th>");
    bool all = seen <= (size_t)2 * CLASSES_LISTED;
    for (size_t i = 0; i < seen; i++) {
        if (!all && i == CLASSES_LISTED) {
            page_write(page, "<tr><td colspan=\"5\" class=\"soft\">… %zu more …</td></tr>\n",
                       seen - (size_t)2 * CLASSES_LISTED);
            i = seen - CLASSES_LISTED;
        }
        write_row(page, head, &row[i]);
    }
    page_write(page, "</table></div></div>\n");
}

/* An angle from 0 up to a full turn; a value as it is. */
static double upright(const HeadAnswers *head, double value)
{
    if (head->type->measure != MEASURE_ANGLE) return value;
    return value - head->unit * floor(value / head->unit);
}

static void draw_values(Page *page, const Answers *answers, int head, Arena *arena)
{
    const HeadAnswers *of = &answers->head[head];
    enum { POINTS_MAX = 1500 };
    double *x = arena_new(arena, double, answers->count + 1),
           *y = arena_new(arena, double, answers->count + 1);
    size_t count = 0, every = answers->count / POINTS_MAX + 1;
    for (size_t i = 0; i < answers->count; i += every) {
        if (answers->bad[i] || of->target[i].weight == 0) continue;
        x[count] = upright(of, of->target[i].value);
        y[count++] = upright(of, (double)of->prediction[i]);
    }
    draw_lines(page, &(LineChart){.title = arena_printf(arena, "%s: answer over label", of->name),
                                  .x_title = "label",
                                  .square = true,
                                  .line = &(Line){"answer", 0, LINE_POINTS, x, y, count},
                                  .lines = 1});
}

/* Of a set, each class by itself: how many of the images that have it are found. */
static void count_set(const Answers *answers, int head, ClassRow *row)
{
    const HeadAnswers *of = &answers->head[head];
    for (int k = 0; k < of->width; k++) row[k] = (ClassRow){.class = k, .taken_for = -1};
    for (size_t i = 0; i < answers->count; i++) {
        const Target *target = &of->target[i];
        if (answers->bad[i] || target->weight == 0) continue;
        for (int m = 0; m < target->members; m++) {
            int class = target->member[m];
            row[class].labelled++;
            row[class].right += score_holds(of->prediction[i * (size_t)of->width + (size_t) class]);
        }
    }
}

static void draw_head(Page *page, const Answers *answers, int head, Arena *arena)
{
    const HeadAnswers *of = &answers->head[head];
    HeadMeasure measure = of->type->measure;
    if (measure == MEASURE_VALUE || measure == MEASURE_ANGLE) {
        draw_values(page, answers, head, arena);
        return;
    }
    ClassRow *row = arena_new(arena, ClassRow, of->width);
    if (measure == MEASURE_SET) {
        count_set(answers, head, row);
    } else {
        double *confusion = count_confusions(answers, head, arena);
        for (int k = 0; k < of->width; k++) row[k] = row_of(confusion, of->width, k);
        draw_confusion(page, of, confusion, row, arena);
    }
    write_table(page, of, row);
}

void section_classes(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        write_run_name(page, report, run);
        if (write_no_answers(page, run)) continue;
        page_write(page,
                   "<p class=\"soft\">%zu images of split %s. Blue is right, orange is wrong, "
                   "darker is more often.</p>\n",
                   run->answers.count, split_name(report->options->split));
        for (int h = 0; h < run->answers.heads; h++) {
            page_write(page, "<div class=\"grid wide\">\n");
            draw_head(page, &run->answers, h, report->arena);
            page_write(page, "</div>\n");
        }
    }
}
