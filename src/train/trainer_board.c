/*
 * The board: what TensorBoard shows of a run. Rank 0 writes it: the numbers of metrics.jsonl, the first pictures, and how
 * the parameters are distributed. What cannot be written is warned of, as with metrics.jsonl.
 */
#include "trainer.h"

#include "base/log.h"
#include "base/pulse.h"
#include "grid.h"
#include "io/event_file.h"
#include "io/file.h"
#include "train/record_figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS = 4, PICTURES_MOST = 16, PIXELS_MOST = 1 << 22 };
enum { TAG_BYTES = 2 * OPTION_TEXT_BYTES + 64 };

static void write_board(Trainer *trainer)
{
    Error err = {0};
    if (!event_file_write(trainer->board, trainer->step, &err))
        log_warning("%s; training goes on without what TensorBoard would show of step %" PRIu64,
                    err.text, trainer->step);
}

void board_open(Trainer *trainer, const char *config, Error *err)
{
    if (!trainer->config->tensorboard) return;
    char folder[RUN_PATH_BYTES];
    file_join(folder, sizeof folder, trainer->folder.path, "tensorboard");
    /* Steps after the one that a run goes on from are done anew. */
    uint64_t first = trainer->step == 0 ? 0 : trainer->step + 1;
    trainer->board = event_file_create(folder, first);
    event_file_add_text(trainer->board, "config",
                        arena_printf(trainer->arena, "```\n%s```\n", config));
    event_file_write(trainer->board, trainer->step, err);
}

/* --- numbers --- */

/* Training and validation of a head stand side by side: "type/loss/train", "type/loss/val". */
static void add_figure(void *context, const RecordFigure *figure)
{
    char tag[TAG_BYTES];
    if (figure->head)
        snprintf(tag, sizeof tag, "%s/%s/%s", figure->head, figure->name, figure->split);
    else
        snprintf(tag, sizeof tag, "%s/%s", figure->split, figure->name);
    event_file_add_scalar(context, tag, (float)figure->value);
}

void board_add_record(Trainer *trainer, const JsonValue *record)
{
    if (!trainer->board) return;
    record_figures(record, add_figure, trainer->board);
    write_board(trainer);
}

/* --- parameters --- */

static void add_parameters(Trainer *trainer)
{
    const ParamStore *params = trainer->engine.model.graph->params;
    for (int i = 0; i < params->count; i++) {
        const Param *param = params->list[i];
        char tag[TAG_BYTES];
        snprintf(tag, sizeof tag, "parameters/%s", param->name);
        event_file_add_histogram(trainer->board, tag, params->value + param->offset, param->count);
        pulse_tick();
    }
}

void board_add_parameters(Trainer *trainer)
{
    if (!trainer->board) return;
    add_parameters(trainer);
    write_board(trainer);
}

/* --- the first batch --- */

/* So many of the batch, as the network sees them in this step, in its order. */
static Image draw_batch(Trainer *trainer, int count, Arena *arena)
{
    Engine *engine = &trainer->engine;
    LaneWorker *worker = &engine->worker[0];
    int side = engine->image, lane = trainer->config->lane;
    size_t floats = (size_t)side * (size_t)side * 3;
    int columns = count < COLUMNS ? count : COLUMNS;
    Image grid = grid_create(columns, (count + columns - 1) / columns, side, arena);
    for (int i = 0; i < count; i++) {
        if (i % lane == 0) trainer_load_lane(trainer, worker, i / lane);
        const float *input = run_value(&worker->run, engine->now->images);
        grid_draw(&grid, i % columns, i / columns, input + (size_t)(i % lane) * floats, side,
                  &trainer->config->augment);
    }
    return grid;
}

/* As many as make a picture of a handy size. */
static int count_pictures(const Trainer *trainer)
{
    int side = trainer->engine.image, count = PIXELS_MOST / side / side;
    if (count > PICTURES_MOST) count = PICTURES_MOST;
    if (count > trainer->config->batch) count = trainer->config->batch;
    return count > 0 ? count : 1;
}

static void add_batch(Trainer *trainer)
{
    Arena *arena = arena_create("first batch");
    Image grid = draw_batch(trainer, count_pictures(trainer), arena);
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    if (image_encode_png(&grid, &data, &bytes, &err)) {
        event_file_add_picture(trainer->board, "batch", grid.width, grid.height, data, bytes);
        free(data);
    } else {
        log_warning("the picture of the first batch %s", err.text);
    }
    arena_destroy(arena);
}

void board_add_beginning(Trainer *trainer)
{
    if (!trainer->board || trainer->step > 0) return;
    add_batch(trainer);
    add_parameters(trainer);
    write_board(trainer);
}
