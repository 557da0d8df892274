/* How the heads' gradients agree, where the records tell it: "interference" with heads, norms, cosines. */
#include "sections.h"

#include <math.h>

enum { HEADS_MAX = 64 };

static const JsonValue *find_interference(const RunRecords *run)
{
    for (size_t i = run->records; i-- > 0;) {
        const JsonValue *found = json_member(run->record[i], "interference");
        if (found) return found;
    }
    return NULL;
}

/* A row of `heads` numbers each; false if the value is something else. */
static bool read_cosines(const JsonValue *cosines, size_t heads, double *value)
{
    size_t rows, columns;
    if (!json_elements(cosines, &rows) || rows != heads) return false;
    for (size_t r = 0; r < rows; r++) {
        const JsonValue *row = json_element(cosines, r);
        if (!json_elements(row, &columns) || columns != heads) return false;
        for (size_t c = 0; c < columns; c++)
            if (!json_get_real(json_element(row, c), &value[r * heads + c]))
                value[r * heads + c] = (double)NAN;
    }
    return true;
}

static void draw_interference(Page *page, const ReportRun *run, Arena *arena)
{
    const JsonValue *found = find_interference(&run->records), *list = json_member(found, "heads");
    size_t heads;
    if (!json_elements(list, &heads) || heads == 0 || heads > HEADS_MAX) {
        page_write(page, "<p class=\"soft\">The records tell nothing of it.</p>\n");
        return;
    }
    const char **name = arena_new(arena, const char *, heads);
    double *value = arena_new(arena, double, heads *heads);
    for (size_t h = 0; h < heads; h++) {
        name[h] = json_get_text(json_element(list, h));
        if (!name[h]) name[h] = "?";
    }
    if (!read_cosines(json_member(found, "cosines"), heads, value)) return;
    draw_matrix(page, &(Matrix){.kind = MATRIX_SIGNED,
                                .title = "Cosines of the heads' gradients on the features",
                                .row_title = "head",
                                .column_title = "head; below 0 they pull apart",
                                .rows = (int)heads,
                                .columns = (int)heads,
                                .row_name = name,
                                .column_name = name,
                                .value = value});
}

void section_interference(Page *page, const Report *report)
{
    for (int i = 0; i < report->options->runs; i++) {
        write_run_name(page, report, &report->run[i]);
        draw_interference(page, &report->run[i], report->arena);
    }
}
