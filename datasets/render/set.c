/* Threads that take items, and the files of the pictures. */
#include "set.h"

#include "base/pool.h"
#include "base/progress.h"
#include "data/image.h"
#include "io/file.h"
#include "png.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char *const set_split_names[SPLITS] = {"train", "val", "test"};

typedef struct Job {
    const SetOptions *options;
    const SetPlan *plan;
    uint8_t *sheet_pixels;
    atomic_int next, done; /* items, pictures */
    pthread_mutex_t lock;  /* of err */
    Error err;
    Progress progress;
} Job;

struct Easel {
    Job *job;
    Renderer *renderer;
    uint8_t *pixels;
    int worker;
};

int set_split(int index)
{
    return index % 10 < 8 ? 0 : index % 10 - 7;
}

void set_image_name(char *out, size_t bytes, const Scene *scene, int index)
{
    snprintf(out, bytes, "images/%05d.%s", index, scene->quality ? "jpg" : "png");
}

void set_write_titles(FILE *file)
{
    fprintf(file, ",split,light,material,background,camera\n");
}

void set_write_draws(FILE *file, const Scene *s, int index)
{
    fprintf(file, ",%s,%d,%d,%d,%d\n", set_split_names[set_split(index)], s->light_draw,
            s->material_draw, s->background_draw, s->camera_draw);
}

static bool write_image(const SetOptions *options, const Scene *scene, int index, uint8_t *pixels,
                        Error *err)
{
    char name[64], path[4096];
    set_image_name(name, sizeof name, scene, index);
    snprintf(path, sizeof path, "%s/%s", options->out, name);
    if (!scene->quality) return png_write_file(path, pixels, options->side, err);
    Image image = {.width = options->side, .height = options->side, .pixels = pixels};
    uint8_t *data;
    size_t bytes;
    if (!image_encode_jpeg(&image, scene->quality, &data, &bytes, err)) return false;
    FILE *file = fopen(path, "wb");
    bool done = file && fwrite(data, 1, bytes, file) == bytes;
    done = file && fclose(file) == 0 && done;
    free(data);
    return done || error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
}

static void copy_to_sheet(const Job *job, int index, const uint8_t *pixels)
{
    size_t side = (size_t)job->options->side, row = 4 * side, width = row * SHEET_COLUMNS;
    uint8_t *cell = job->sheet_pixels + (size_t)(index / SHEET_COLUMNS) * width * side +
                    (size_t)(index % SHEET_COLUMNS) * row;
    for (size_t y = 0; y < side; y++) memcpy(cell + y * width, pixels + y * row, row);
}

static void count(Easel *easel, int pictures)
{
    int done = atomic_fetch_add(&easel->job->done, pictures) + pictures;
    if (easel->worker == 0) progress_set(&easel->job->progress, (size_t)done);
}

static void stop(Job *job, const Error *err)
{
    pthread_mutex_lock(&job->lock);
    if (!job->err.count) job->err = *err;
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->next, job->plan->items);
}

void set_paint(Easel *easel, int index, const Scene *scene, const Model *model)
{
    Job *job = easel->job;
    Error err = {0};
    render(easel->renderer, scene, model, easel->pixels);
    if (job->sheet_pixels)
        copy_to_sheet(job, index, easel->pixels);
    else if (!write_image(job->options, scene, index, easel->pixels, &err))
        stop(job, &err);
    count(easel, 1);
}

void set_skip(Easel *easel, int pictures)
{
    count(easel, pictures);
}

static void work(void *context, int worker)
{
    Job *job = context;
    int side = job->options->side;
    Easel easel = {job, renderer_create(side), malloc(4 * (size_t)side * (size_t)side), worker};
    if (!easel.pixels) die("out of memory for a picture");
    for (int i; (i = atomic_fetch_add(&job->next, 1)) < job->plan->items;)
        job->plan->work(job->plan->context, i, &easel);
    free(easel.pixels);
    renderer_destroy(easel.renderer);
}

static bool write_manifest(const Job *job, Error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/manifest.csv", job->options->out);
    FILE *file = fopen(path, "w");
    if (!file) return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    job->plan->manifest(job->plan->context, file);
    bool bad = ferror(file);
    if (fclose(file) != 0 || bad)
        return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    return true;
}

static bool write_sheet(const Job *job, Error *err)
{
    int side = job->options->side;
    Image image = {.width = SHEET_COLUMNS * side,
                   .height = SHEET_PICTURES / SHEET_COLUMNS * side,
                   .pixels = job->sheet_pixels};
    uint8_t *data;
    size_t bytes;
    if (!image_encode_jpeg(&image, 88, &data, &bytes, err)) return false;
    bool done = file_write(job->options->sheet, data, bytes, err);
    free(data);
    return done;
}

/* Room for the sheet, or a folder for the pictures. */
static bool prepare(Job *job, Error *err)
{
    char folder[4096];
    size_t side = (size_t)job->options->side;
    if (!job->options->sheet) {
        snprintf(folder, sizeof folder, "%s/images", job->options->out);
        return file_make_folders(folder, err);
    }
    job->sheet_pixels = calloc(SHEET_PICTURES, 4 * side * side);
    if (!job->sheet_pixels) die("out of memory for the sheet");
    return true;
}

bool set_render(const SetOptions *options, const SetPlan *plan, Error *err)
{
    Job job = {.options = options, .plan = plan, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (!prepare(&job, err)) return false;
    progress_start(&job.progress, "rendering", "images", (size_t)plan->images, 0);
    Pool *pool = pool_create(options->threads);
    pool_run(pool, work, &job);
    pool_destroy(pool);
    progress_set(&job.progress, (size_t)atomic_load(&job.done));
    progress_finish(&job.progress);
    if (job.err.count) *err = job.err;
    bool done =
        !job.err.count && (options->sheet ? write_sheet(&job, err) : write_manifest(&job, err));
    free(job.sheet_pixels);
    return done;
}

/* --- the command line --- */

SetOptions set_options(void)
{
    return (SetOptions){.side = 224, .threads = pool_cores(), .seed = 1};
}

int set_number(struct argp_state *state, const char *name, const char *text, int low, int high)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < low || value > high)
        argp_error(state, "--%s: must be an integer from %d to %d, not \"%s\"", name, low, high,
                   text);
    return (int)value;
}

enum { KEY_SIDE = 0x200, KEY_SEED, KEY_THREADS, KEY_SHEET };

static const struct argp_option argp_options[] = {
    {"side", KEY_SIDE, "N", 0, "Width and height in pixels (default: 224)", 0},
    {"seed", KEY_SEED, "N", 0, "Another set (default: 1)", 0},
    {"threads", KEY_THREADS, "N", 0, "Default: one per core", 0},
    {"sheet", KEY_SHEET, "FILE.jpg", 0, "Instead: one picture of 12 x 6 images", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    SetOptions *options = state->input;
    switch (key) {
    case KEY_SIDE:
        options->side = set_number(state, "side", text, 16, 2048);
        return 0;
    case KEY_SEED:
        options->seed = (uint64_t)set_number(state, "seed", text, 0, 2147483647);
        return 0;
    case KEY_THREADS:
        options->threads = set_number(state, "threads", text, 1, 4096);
        return 0;
    case KEY_SHEET:
        options->sheet = text;
        return 0;
    case ARGP_KEY_ARG:
        if (options->out) argp_error(state, "%s: only one output folder", text);
        options->out = text;
        return 0;
    case ARGP_KEY_END:
        if (!options->out && !options->sheet)
            argp_error(state, "give an output folder or --sheet FILE.jpg");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp set_argp = {argp_options, parse, NULL, NULL, NULL, NULL, NULL};
