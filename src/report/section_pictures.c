/* Images: the mistakes that the model is surest of, answers for a sample, and what augmentation makes of some. */
#include "report/picture.h"
#include "sections.h"
#include "train/sheet.h"

#include <stdio.h>
#include <stdlib.h>

enum { MISTAKES = 8, SAMPLE = 16, SIDE_MAX = 160, ANSWER_BYTES = 300 };

typedef struct Mistake {
    size_t image;
    Judgement judgement;
} Mistake;

/* Small enough for a page, and never larger than what the network sees. */
static Thumbnails *open_thumbnails(const ReportRun *run, Arena *arena)
{
    int side = run->model.config.image < SIDE_MAX ? run->model.config.image : SIDE_MAX;
    return thumbnails_open(run->model.pack, &run->model.config.augment, side, arena);
}

/* --- mistakes --- */

static int worst_first(const void *a, const void *b)
{
    const Mistake *x = a, *y = b;
    if (x->judgement.badness != y->judgement.badness)
        return x->judgement.badness > y->judgement.badness ? -1 : 1;
    return (x->image > y->image) - (x->image < y->image);
}

static size_t find_mistakes(const Answers *answers, int head, Mistake *mistake)
{
    size_t count = 0;
    for (size_t i = 0; i < answers->count; i++) {
        Judgement judgement = answers_judge(answers, head, i);
        if (judgement.labelled && judgement.wrong) mistake[count++] = (Mistake){i, judgement};
    }
    qsort(mistake, count, sizeof *mistake, worst_first);
    return count;
}

static void draw_mistake(Page *page, const ReportRun *run, int head, const Mistake *mistake,
                         Thumbnails *thumbnails)
{
    const HeadAnswers *of = &run->answers.head[head];
    char said[ANSWER_BYTES], right[ANSWER_BYTES];
    answers_print(of, mistake->image, said, sizeof said);
    answers_print_label(of, mistake->image, right, sizeof right);
    page_write(page, "<div class=\"shot\">");
    draw_thumbnail(page, thumbnails, run->answers.record[mistake->image]);
    page_write(page, "<div><p class=\"no\">");
    page_text(page, said);
    if (mistake->judgement.confidence > 0)
        page_write(page, " %.0f&nbsp;%%", 100 * mistake->judgement.confidence);
    page_write(page, "</p><p class=\"soft\">label: ");
    page_text(page, right);
    page_write(page, "</p></div></div>\n");
}

static void draw_mistakes_of(Page *page, const ReportRun *run, int head, Mistake *mistake,
                             Thumbnails *thumbnails)
{
    size_t count = find_mistakes(&run->answers, head, mistake);
    page_element(page, "h3", NULL, run->answers.head[head].name);
    if (count == 0) page_write(page, "<p class=\"soft\">There are none.</p>\n");
    page_write(page, "<div class=\"shots\">\n");
    for (size_t i = 0; i < count && i < MISTAKES; i++)
        draw_mistake(page, run, head, &mistake[i], thumbnails);
    page_write(page, "</div>\n");
}

void section_mistakes(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        write_run_name(page, report, run);
        if (write_no_answers(page, run)) continue;
        page_write(page, "<p class=\"soft\">Wrong answers that the model was surest of.</p>\n");
        Thumbnails *thumbnails = open_thumbnails(run, report->arena);
        Mistake *mistake = arena_new(report->arena, Mistake, run->answers.count + 1);
        for (int h = 0; h < run->answers.heads; h++)
            draw_mistakes_of(page, run, h, mistake, thumbnails);
        thumbnails_close(thumbnails);
    }
}

/* --- a sample --- */

static void write_answer(Page *page, const Answers *answers, int head, size_t image)
{
    Judgement judgement = answers_judge(answers, head, image);
    HeadMeasure measure = answers->head[head].type->measure;
    bool is_value = measure == MEASURE_VALUE || measure == MEASURE_ANGLE;
    char said[ANSWER_BYTES], right[ANSWER_BYTES];
    answers_print(&answers->head[head], image, said, sizeof said);
    answers_print_label(&answers->head[head], image, right, sizeof right);
    page_write(page, "<p><span class=\"%s\">",
               !judgement.labelled || is_value ? "soft"
               : judgement.wrong               ? "no"
                                               : "ok");
    page_write(page, !judgement.labelled || is_value ? "" : judgement.wrong ? "✗ " : "✓ ");
    page_text(page, said);
    page_write(page, "</span>");
    if (judgement.labelled && judgement.wrong) {
        page_write(page, " <span class=\"soft\">");
        page_text(page, right);
        page_write(page, "</span>");
    }
    page_write(page, "</p>");
}

static void draw_answers(Page *page, const ReportRun *run, size_t image, Thumbnails *thumbnails)
{
    page_write(page, "<div class=\"shot\">");
    draw_thumbnail(page, thumbnails, run->answers.record[image]);
    page_write(page, "<div>");
    for (int h = 0; h < run->answers.heads && !run->answers.bad[image]; h++)
        write_answer(page, &run->answers, h, image);
    page_write(page, "</div></div>\n");
}

void section_predictions(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        write_run_name(page, report, run);
        if (write_no_answers(page, run)) continue;
        size_t count = run->answers.count < SAMPLE ? run->answers.count : SAMPLE;
        page_write(page,
                   "<p class=\"soft\">%zu images, evenly over the split: what each head "
                   "says, and the label where that is wrong.</p><div class=\"shots\">\n",
                   count);
        Thumbnails *thumbnails = open_thumbnails(run, report->arena);
        for (size_t k = 0; k < count; k++)
            draw_answers(page, run, k * run->answers.count / count, thumbnails);
        thumbnails_close(thumbnails);
        page_write(page, "</div>\n");
    }
}

/* --- augmentation --- */

static void draw_sheet(Page *page, const ReportRun *run, Arena *arena)
{
    Config config = run->model.config;
    Image image;
    Error err = {0};
    snprintf(config.pack, sizeof config.pack, "%s", pack_path(run->model.pack));
    if (!sheet_draw(&config, &image, NULL, arena, &err)) {
        page_element(page, "p", "soft", err.text);
        return;
    }
    page_write(page, "<p class=\"soft\">Each row is a training image: first as evaluation sees it, "
                     "then as training does in epochs 0 to 6.</p><div class=\"card fit\">");
    draw_picture(page, &image, "sheet", "training images and what augmentation makes of them");
    page_write(page, "</div>\n");
}

void section_augmentation(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        const ReportRun *run = &report->run[i];
        write_run_name(page, report, run);
        if (!write_no_answers(page, run)) draw_sheet(page, run, report->arena);
    }
}
