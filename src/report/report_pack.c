/* The page of a pack: what its labels are like, and what its images look like. */
#include "report/report.h"

#include "pack_counts.h"
#include "report/charts.h"
#include "report/page.h"
#include "report/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLASSES_COUNTED = 30, CLASSES_TOGETHER = 24, PAIRS_MAX = 10, CLASSES_PICTURED = 40 };
enum { PICTURES_OF_CLASS = 12, PICTURE_SIDE = 96, SIZES_MAX = 2000 };

typedef struct PackPage {
    const Pack *pack;
    PackCounts *counts; /* (groups) */
    int groups;
    Arena *arena;
} PackPage;

/* --- summary --- */

static void write_tile(Page *page, double figure, const char *what)
{
    page_write(page, "<div class=\"card tile\"><b>%.0f</b><span>%s</span></div>\n", figure, what);
}

static void section_summary(Page *page, const PackPage *of)
{
    char hash[HASH_TEXT_BYTES];
    uint64_t bytes = 0;
    for (size_t r = 0; r < pack_records(of->pack); r++) bytes += pack_image_bytes(of->pack, r);
    page_write(page, "<div class=\"tiles\">\n");
    write_tile(page, (double)pack_records(of->pack), "images");
    for (int s = 0; s < SPLIT_COUNT; s++) {
        size_t count;
        pack_split(of->pack, (Split)s, &count);
        write_tile(page, (double)count, split_name((Split)s));
    }
    write_tile(page, of->groups, "label groups");
    page_write(page,
               "<div class=\"card tile\"><b>%.1f MB</b><span>image bytes</span></div></div>\n",
               (double)bytes / 1e6);
    hash_print(pack_hash(of->pack), hash);
    page_write(page, "<p class=\"soft\">");
    page_text(page, pack_path(of->pack));
    page_write(page, ", hash <code>%s</code></p>\n", hash);
}

/* --- labels --- */

static void write_legend(Page *page)
{
    page_write(page, "<div class=\"legend\">");
    for (int s = 0; s < SPLIT_COUNT; s++)
        page_write(page, "<span style=\"--c:var(--c%d)\">%s</span>", s, split_name((Split)s));
    page_write(page, "</div>\n");
}

static void write_class(Page *page, const PackCounts *counts, const ClassCounts *class, double most)
{
    page_write(page, "<tr>");
    page_element(page, "td", NULL, counts->group->class_name[class->class]);
    page_write(page, "<td class=\"n\">%zu</td><td style=\"width:55%%\"><div class=\"bar\">",
               class->all);
    for (int s = 0; s < SPLIT_COUNT; s++)
        page_write(page, "<i style=\"width:%.2f%%;background:var(--c%d)\"></i>",
                   100 * (double)class->split[s] / most, s);
    page_write(page, "</div></td></tr>\n");
}

static void write_classes(Page *page, const PackCounts *counts)
{
    int classes = counts->group->classes;
    int shown = classes < CLASSES_COUNTED ? classes : CLASSES_COUNTED;
    double most = classes && counts->class[0].all ? (double)counts->class[0].all : 1;
    page_write(page, "<table class=\"full\">\n");
    for (int k = 0; k < shown; k++) write_class(page, counts, &counts->class[k], most);
    page_write(page, "</table>\n");
    if (shown < classes)
        page_write(page, "<p class=\"soft\">… and %d classes with at most %zu images</p>\n",
                   classes - shown, counts->class[shown].all);
}

static void write_values(Page *page, const PackCounts *counts)
{
    if (counts->labelled == 0) return;
    size_t last = counts->labelled - 1;
    page_write(page, "<p>From %g to %g, median %g.</p>\n", counts->value[0], counts->value[last],
               counts->value[last / 2]);
}

static void section_labels(Page *page, const PackPage *of)
{
    write_legend(page);
    page_write(page, "<div class=\"grid wide\">\n");
    for (int g = 0; g < of->groups; g++) {
        const PackCounts *counts = &of->counts[g];
        page_write(page, "<div class=\"card\">");
        page_element(page, "h3", NULL, counts->group->name);
        page_write(page, "<p class=\"soft\">");
        if (counts->group->kind != LABEL_VALUE)
            page_write(page, "%d classes; ", counts->group->classes);
        page_write(page, "%zu images with a label, %zu without</p>\n", counts->labelled,
                   pack_records(of->pack) - counts->labelled);
        if (counts->group->kind == LABEL_VALUE)
            write_values(page, counts);
        else
            write_classes(page, counts);
        page_write(page, "</div>\n");
    }
    page_write(page, "</div>\n");
}

/* --- which labels come together --- */

static void draw_pair(Page *page, const PackPage *of, const PackCounts *a, const PackCounts *b)
{
    int rows = a->group->classes < CLASSES_TOGETHER ? a->group->classes : CLASSES_TOGETHER;
    int columns = b->group->classes < CLASSES_TOGETHER ? b->group->classes : CLASSES_TOGETHER;
    const char **row_name = arena_new(of->arena, const char *, rows),
               **column_name = arena_new(of->arena, const char *, columns);
    for (int r = 0; r < rows; r++) row_name[r] = a->group->class_name[a->class[r].class];
    for (int c = 0; c < columns; c++) column_name[c] = b->group->class_name[b->class[c].class];
    bool all = rows == a->group->classes && columns == b->group->classes;
    draw_matrix(
        page, &(Matrix){.kind = MATRIX_COUNTS,
                        .title = arena_printf(of->arena, "%s and %s%s", a->group->name,
                                              b->group->name, all ? "" : ", most frequent classes"),
                        .row_title = a->group->name,
                        .column_title = b->group->name,
                        .rows = rows,
                        .columns = columns,
                        .row_name = row_name,
                        .column_name = column_name,
                        .value = pack_counts_together(a, rows, b, columns, pack_records(of->pack),
                                                      of->arena)});
}

static void section_together(Page *page, const PackPage *of)
{
    int pairs = 0;
    page_write(page, "<p class=\"soft\">Images that have both labels; darker is a larger share of "
                     "the row.</p><div class=\"grid wide\">\n");
    for (int a = 0; a < of->groups; a++)
        for (int b = a + 1; b < of->groups && pairs < PAIRS_MAX; b++) {
            if (of->counts[a].group->classes == 0 || of->counts[b].group->classes == 0) continue;
            draw_pair(page, of, &of->counts[a], &of->counts[b]);
            pairs++;
        }
    page_write(page, "</div>\n");
    if (pairs == 0) page_write(page, "<p class=\"soft\">There are no two groups of classes.</p>\n");
}

/* --- sizes --- */

static void section_sizes(Page *page, const PackPage *of)
{
    size_t records = pack_records(of->pack), every = records / SIZES_MAX + 1, count = 0;
    double *x = arena_new(of->arena, double, records + 1),
           *y = arena_new(of->arena, double, records + 1);
    bool equal = true;
    for (size_t r = 0; r < records; r += every, count++) {
        int width, height;
        pack_image_size(of->pack, r, &width, &height);
        x[count] = width, y[count] = height;
        equal &= x[count] == x[0] && y[count] == y[0];
    }
    if (equal && count > 0) {
        page_write(page, "<p>All images are %.0f × %.0f pixels.</p>\n", x[0], y[0]);
        return;
    }
    page_write(page, "<div class=\"grid\">\n");
    draw_lines(page, &(LineChart){.title = "Height over width, pixels",
                                  .x_title = "width",
                                  .square = true,
                                  .line = &(Line){"image", 0, LINE_POINTS, x, y, count},
                                  .lines = 1});
    page_write(page, "</div>\n");
}

/* --- contact sheets --- */

static void draw_class(Page *page, const PackPage *of, const PackCounts *counts, int class,
                       Thumbnails *thumbnails)
{
    uint32_t record[PICTURES_OF_CLASS];
    int count =
        pack_counts_sample(counts->group, class, pack_records(of->pack), record, PICTURES_OF_CLASS);
    page_write(page, "<div class=\"strip\">");
    page_element(page, "span", NULL, counts->group->class_name[class]);
    page_write(page, "<div>");
    for (int i = 0; i < count; i++) draw_thumbnail(page, thumbnails, record[i]);
    page_write(page, "</div></div>\n");
}

static void section_images(Page *page, const PackPage *of)
{
    AugmentOptions augment = {0};
    option_defaults(augment_options, &augment);
    augment.crop = 1;
    Thumbnails *thumbnails = thumbnails_open(of->pack, &augment, PICTURE_SIDE, of->arena);
    for (int g = 0; g < of->groups; g++) {
        const PackCounts *counts = &of->counts[g];
        int classes = counts->group->classes,
            shown = classes < CLASSES_PICTURED ? classes : CLASSES_PICTURED;
        if (shown == 0) continue;
        page_element(page, "h3", NULL, counts->group->name);
        page_write(page, "<div class=\"card\">\n");
        for (int k = 0; k < shown; k++)
            draw_class(page, of, counts, counts->class[k].class, thumbnails);
        page_write(page, "</div>\n");
        if (shown < classes)
            page_write(page, "<p class=\"soft\">The %d most frequent of %d classes.</p>\n", shown,
                       classes);
    }
    thumbnails_close(thumbnails);
}

typedef struct SectionRow {
    const char *id, *title;
    void (*write)(Page *page, const PackPage *of);
} SectionRow;

static const SectionRow sections[] = {
    {"summary", "Summary", section_summary},    {"labels", "Labels", section_labels},
    {"together", "Together", section_together}, {"sizes", "Sizes", section_sizes},
    {"images", "Images", section_images},
};

bool report_pack(const char *path, const char *out, Arena *arena, Error *err)
{
    Pack *pack = pack_open(path, err);
    if (!pack) return false;
    PackPage of = {.pack = pack, .groups = pack_groups(pack), .arena = arena};
    of.counts = arena_new(arena, PackCounts, of.groups + 1);
    for (int g = 0; g < of.groups; g++)
        of.counts[g] = pack_counts_of(pack, pack_group(pack, g), arena);
    Page *page = page_create(path);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        page_section(page, sections[i].id, sections[i].title);
        sections[i].write(page, &of);
    }
    bool ok = page_save(page, out, err);
    page_destroy(page);
    pack_close(pack);
    return ok;
}
