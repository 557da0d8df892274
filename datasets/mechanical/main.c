/*
 * Renders a labelled set of mechanical parts: OUT/images/NNNNN.jpg|png and OUT/manifest.csv with the
 * columns path, type, part, angle (empty: not to be told from a picture), split, and the numbers of
 * the draws. The same options give the same bytes on any number of threads.
 */
#include "base/log.h"
#include "base/pool.h"
#include "base/progress.h"
#include "data/image.h"
#include "io/file.h"
#include "png.h"
#include "render.h"

#include <argp.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const split_names[SPLITS] = {"train", "val", "test"};

typedef struct Job {
    const char *out, *sheet;
    int images, side, threads, columns, rows;
    uint64_t seed;
    Mesh *mesh; /* (catalogue_parts) */
    uint8_t *sheet_pixels;
    atomic_int next, done;
    pthread_mutex_t lock; /* of err */
    Error err;
    Progress progress;
} Job;

/* Of ten images, eight are for training, one for validation, one for the test. */
static int split_of(int index)
{
    return index % 10 < 8 ? 0 : index % 10 - 7;
}

static Mesh *build_catalogue(void)
{
    Mesh *mesh = calloc((size_t)catalogue_parts, sizeof *mesh);
    if (!mesh) die("out of memory for the catalogue");
    for (int i = 0; i < catalogue_parts; i++) {
        catalogue[i].build(&mesh[i], catalogue[i].p);
        mesh_normalize(&mesh[i]);
    }
    return mesh;
}

static void image_name(char *out, size_t bytes, const Scene *scene, int index)
{
    snprintf(out, bytes, "images/%05d.%s", index, scene->quality ? "jpg" : "png");
}

static bool write_image(const Job *job, const Scene *scene, int index, uint8_t *pixels, Error *err)
{
    char name[64], path[4096];
    image_name(name, sizeof name, scene, index);
    snprintf(path, sizeof path, "%s/%s", job->out, name);
    if (!scene->quality) return png_write_file(path, pixels, job->side, err);
    Image image = {.width = job->side, .height = job->side, .pixels = pixels};
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
    size_t row = 4 * (size_t)job->side, width = row * (size_t)job->columns;
    uint8_t *cell = job->sheet_pixels + (size_t)(index / job->columns) * width * (size_t)job->side +
                    (size_t)(index % job->columns) * row;
    for (int y = 0; y < job->side; y++)
        memcpy(cell + (size_t)y * width, pixels + (size_t)y * row, row);
}

static void work(void *context, int worker)
{
    Job *job = context;
    Renderer *renderer = renderer_create(job->side);
    uint8_t *pixels = malloc(4 * (size_t)job->side * (size_t)job->side);
    if (!pixels) die("out of memory for a picture");
    for (int i; (i = atomic_fetch_add(&job->next, 1)) < job->images;) {
        Scene scene = scene_draw(job->seed, split_of(i), i);
        Error err = {0};
        render(renderer, &scene, &job->mesh[scene.part - catalogue], pixels);
        if (job->sheet)
            copy_to_sheet(job, i, pixels);
        else if (!write_image(job, &scene, i, pixels, &err)) {
            pthread_mutex_lock(&job->lock);
            if (!job->err.count) job->err = err;
            pthread_mutex_unlock(&job->lock);
            atomic_store(&job->next, job->images);
            break;
        }
        int done = atomic_fetch_add(&job->done, 1) + 1;
        if (worker == 0) progress_set(&job->progress, (size_t)done);
    }
    free(pixels);
    renderer_destroy(renderer);
}

static bool write_manifest(const Job *job, Error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/manifest.csv", job->out);
    FILE *file = fopen(path, "w");
    if (!file) return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    fprintf(file, "path,type,part,angle,split,light,material,background,camera\n");
    for (int i = 0; i < job->images; i++) {
        Scene s = scene_draw(job->seed, split_of(i), i);
        char name[64], angle[16] = "";
        image_name(name, sizeof name, &s, i);
        if (s.angle >= 0) snprintf(angle, sizeof angle, "%03d", 45 * s.angle);
        fprintf(file, "%s,%s,%s-%s,%s,%s,%d,%d,%d,%d\n", name, s.part->type, s.part->type,
                s.part->name, angle, split_names[split_of(i)], s.light_draw, s.material_draw,
                s.background_draw, s.camera_draw);
    }
    bool bad = ferror(file);
    if (fclose(file) != 0 || bad)
        return error_set(err, ERROR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    return true;
}

static bool write_sheet(const Job *job, Error *err)
{
    Image image = {.width = job->columns * job->side,
                   .height = job->rows * job->side,
                   .pixels = job->sheet_pixels};
    uint8_t *data;
    size_t bytes;
    if (!image_encode_jpeg(&image, 88, &data, &bytes, err)) return false;
    bool done = file_write(job->sheet, data, bytes, err);
    free(data);
    return done;
}

static bool run(Job *job)
{
    char folder[4096];
    if (job->sheet) {
        job->images = job->columns * job->rows;
        job->sheet_pixels = calloc((size_t)job->images, 4 * (size_t)job->side * (size_t)job->side);
        if (!job->sheet_pixels) die("out of memory for the sheet");
    } else {
        snprintf(folder, sizeof folder, "%s/images", job->out);
        if (!file_make_folders(folder, &job->err)) return false;
    }
    job->mesh = build_catalogue();
    progress_start(&job->progress, "rendering", "images", (size_t)job->images, 0);
    Pool *pool = pool_create(job->threads);
    pool_run(pool, work, job);
    pool_destroy(pool);
    progress_set(&job->progress, (size_t)atomic_load(&job->done));
    progress_finish(&job->progress);
    for (int i = 0; i < catalogue_parts; i++) mesh_free(&job->mesh[i]);
    free(job->mesh);
    bool done = !job->err.count &&
                (job->sheet ? write_sheet(job, &job->err) : write_manifest(job, &job->err));
    free(job->sheet_pixels);
    return done;
}

enum { KEY_IMAGES = 1, KEY_SIDE, KEY_SEED, KEY_THREADS, KEY_SHEET };

static const struct argp_option options[] = {
    {"images", KEY_IMAGES, "N", 0, "How many, 8 of 10 for training (default: 6000)", 0},
    {"side", KEY_SIDE, "N", 0, "Width and height in pixels (default: 224)", 0},
    {"seed", KEY_SEED, "N", 0, "Another set (default: 1)", 0},
    {"threads", KEY_THREADS, "N", 0, "Default: one per core", 0},
    {"sheet", KEY_SHEET, "FILE.jpg", 0, "Instead: one picture of 12 x 6 images", 0},
    {0},
};

static int number(struct argp_state *state, const char *name, const char *text, int low, int high)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < low || value > high)
        argp_error(state, "--%s: must be an integer from %d to %d, not \"%s\"", name, low, high,
                   text);
    return (int)value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    Job *job = state->input;
    switch (key) {
    case KEY_IMAGES:
        job->images = number(state, "images", text, 1, 10000000);
        return 0;
    case KEY_SIDE:
        job->side = number(state, "side", text, 16, 2048);
        return 0;
    case KEY_SEED:
        job->seed = (uint64_t)number(state, "seed", text, 0, 2147483647);
        return 0;
    case KEY_THREADS:
        job->threads = number(state, "threads", text, 1, 4096);
        return 0;
    case KEY_SHEET:
        job->sheet = text;
        return 0;
    case ARGP_KEY_ARG:
        if (job->out) argp_error(state, "%s: only one output folder", text);
        job->out = text;
        return 0;
    case ARGP_KEY_END:
        if (!job->out && !job->sheet)
            argp_error(state, "give an output folder or --sheet FILE.jpg");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    Job job = {.images = 6000,
               .side = 224,
               .seed = 1,
               .threads = pool_cores(),
               .columns = 12,
               .rows = 6,
               .lock = PTHREAD_MUTEX_INITIALIZER};
    struct argp argp = {
        options, parse, "OUT", "Renders mechanical parts with the labels type, part and angle.",
        0,       0,     0};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &job);
    if (run(&job)) return 0;
    fprintf(stderr, "mechanical: %s\n", job.err.text);
    return 4;
}
