/* The contact sheet of a configuration's augmentations. */
#include "train/sheet.h"

#include "data/lane_loader.h"
#include "data/sampler.h"
#include "grid.h"
#include "train/head_labels.h"
#include "train/label_flips.h"
#include "train/plan.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 8, EPOCHS = 7, COLUMNS = 1 + EPOCHS };

typedef struct Sheet {
    const Config *config;
    const Pack *pack;
    LabelFlips flips;
    LaneLoader *loader;
    uint32_t record[ROWS];
    int rows;
    float *input;          /* (rows,side,side,3): a column */
    float *spare;          /* (side,side,3), of mixing */
    Mix mix[EPOCHS][ROWS]; /* if they are mixed, as a lane of the step of the epoch's number */
    Image image;
} Sheet;

/* --- opening --- */

static bool choose_records(Sheet *sheet, Arena *arena, Error *err)
{
    size_t count;
    const uint32_t *records = pack_split(sheet->pack, SPLIT_TRAIN, &count);
    uint32_t *order = arena_new(arena, uint32_t, count + 1);
    if (count == 0)
        return error_set(err, ERROR_DATA, "%s: has no training images", sheet->config->pack);
    sampler_order(sampler_create(records, count, BALANCE_NONE, NULL, 0, arena), order,
                  (uint64_t)sheet->config->seed, 0);
    sheet->rows = count < ROWS ? (int)count : ROWS;
    memcpy(sheet->record, order, sizeof *order * (size_t)sheet->rows);
    return true;
}

static bool read_flips(Sheet *sheet, Arena *arena, Error *err)
{
    const Config *config = sheet->config;
    LabelGroup *labels = arena_new(arena, LabelGroup, config->head_count + 1);
    const HeadSpec *head = plan_head_specs(config, sheet->pack, arena);
    for (int h = 0; h < config->head_count; h++)
        if (!head_labels_match(&labels[h], sheet->pack, &head[h], arena, err)) return false;
    sheet->flips = (LabelFlips){.augment = &config->augment,
                                .seed = (uint64_t)config->seed,
                                .heads = config->head_count,
                                .labels = labels};
    for (int d = 0; d < 2; d++)
        if (!plan_flips(config, sheet->pack, d, &sheet->flips.rules[d], arena, err)) return false;
    label_flips_find(&sheet->flips, pack_records(sheet->pack), arena);
    return true;
}

static void open_loader(Sheet *sheet, Arena *arena)
{
    size_t side = (size_t)sheet->config->image;
    sheet->input = arena_new(arena, float, (size_t)sheet->rows *side *side * 3);
    sheet->spare = arena_new(arena, float, side *side * 3);
    sheet->loader = lane_loader_create(&(LaneLoaderOptions){.pack = sheet->pack,
                                                            .augment = &sheet->config->augment,
                                                            .seed = sheet->flips.seed,
                                                            .forbidden = sheet->flips.forbidden},
                                       arena);
}

/* --- drawing --- */

/* "left", "rusty; bent", "12.5"; "-" where it is missing. */
static void print_label(FILE *list, const LabelGroup *labels, uint32_t record)
{
    int classes;
    const int32_t *class = label_classes(labels, record, &classes);
    if (!label_is_known(labels, record))
        fprintf(list, "-");
    else if (labels->kind == LABEL_VALUE)
        fprintf(list, "%g", labels->value[record]);
    else if (classes == 0)
        fprintf(list, ";");
    for (int j = 0; j < classes; j++)
        fprintf(list, "%s%s", j ? "; " : "", labels->class_name[class[j]]);
}

static bool same_label(const LabelGroup *a, const LabelGroup *b, uint32_t record)
{
    int count, other;
    if (a->kind == LABEL_VALUE && label_is_known(a, record))
        return a->value[record] == b->value[record];
    const int32_t *classes = label_classes(a, record, &count),
                  *others = label_classes(b, record, &other);
    return count == other &&
           (count == 0 || memcmp(classes, others, sizeof *classes * (size_t)count) == 0);
}

static void print_mix(FILE *list, const Mix *mix, int epoch)
{
    Rect box = mix->box;
    if (mix->share == 1) return;
    fprintf(list, "; epoch %d: %.2f%% of row %d", epoch, 100 * (1 - mix->share), mix->partner + 1);
    if (box.width > 0)
        fprintf(list, " in columns %d to %d, lines %d to %d", box.x, box.x + box.width - 1, box.y,
                box.y + box.height - 1);
}

static void print_row(const Sheet *sheet, FILE *list, int row)
{
    uint32_t record = sheet->record[row];
    fprintf(list, "row %d: record %u, %s", row + 1, record, pack_record_path(sheet->pack, record));
    for (int h = 0; h < sheet->flips.heads; h++) {
        const LabelGroup *labels = &sheet->flips.labels[h];
        fprintf(list, "; %s ", sheet->config->heads[h].name);
        print_label(list, labels, record);
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            const LabelGroup *now = label_flips_group(&sheet->flips, h, record, (uint64_t)epoch);
            if (same_label(labels, now, record)) continue;
            fprintf(list, " (epoch %d: ", epoch);
            print_label(list, now, record);
            fprintf(list, ")");
        }
    }
    for (int epoch = 0; config_mixes(sheet->config) && epoch < EPOCHS; epoch++)
        print_mix(list, &sheet->mix[epoch][row], epoch);
    fprintf(list, "\n");
}

static void mix_column(Sheet *sheet, int epoch)
{
    int side = sheet->config->image;
    mix_draw(sheet->mix[epoch], sheet->rows, &sheet->config->mix, side,
             (MixAddress){sheet->flips.seed, (uint64_t)epoch, 0});
    mix_apply(sheet->input, sheet->rows, side, sheet->mix[epoch], sheet->spare);
}

static void draw_column(Sheet *sheet, int column)
{
    bool bad[ROWS], training = column > 0;
    int epoch = column - training;
    lane_loader_load(sheet->loader, sheet->input, sheet->config->image, bad, sheet->record,
                     sheet->rows, training, (uint64_t)epoch);
    if (training && config_mixes(sheet->config)) mix_column(sheet, epoch);
    size_t floats = (size_t)sheet->config->image * (size_t)sheet->config->image * 3;
    for (int row = 0; row < sheet->rows; row++)
        grid_draw(&sheet->image, column, row, sheet->input + (size_t)row * floats,
                  sheet->config->image, &sheet->config->augment);
}

bool sheet_draw(Config *config, Image *image, FILE *list, Arena *arena, Error *err)
{
    Sheet sheet = {.config = config};
    Pack *pack = pack_open(config->pack, err);
    sheet.pack = pack;
    bool ok = pack && plan_heads(config, pack, arena, err) && choose_records(&sheet, arena, err) &&
              read_flips(&sheet, arena, err);
    if (ok) {
        open_loader(&sheet, arena);
        sheet.image = grid_create(COLUMNS, sheet.rows, config->image, arena);
        for (int column = 0; column < COLUMNS; column++) draw_column(&sheet, column);
        for (int row = 0; list && row < sheet.rows; row++) print_row(&sheet, list, row);
        lane_loader_destroy(sheet.loader);
        *image = sheet.image;
    }
    pack_close(pack);
    return ok;
}

bool sheet_write(Config *config, const char *path, Arena *arena, Error *err)
{
    Image image;
    return sheet_draw(config, &image, stdout, arena, err) && image_write_png(&image, path, err);
}
