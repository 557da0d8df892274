/* Every picture is read and decoded once, at full size, by all cores. */
#include "inspection.h"

#include "base/pool.h"
#include "base/progress.h"

#include <stdatomic.h>
#include <stdlib.h>

/* What a worker keeps from picture to picture. */
typedef struct Desk {
    uint8_t *bytes; /* (pack_largest_image_bytes) */
    Image image, small;
} Desk;

typedef struct Job {
    const Pack *pack;
    Picture *picture;
    Desk *desk; /* (workers) */
    atomic_size_t next, done;
    Progress progress; /* of worker 0 alone */
} Job;

static bool desk_open(Desk *desk, const Pack *pack)
{
    *desk = (Desk){.bytes = malloc(pack_largest_image_bytes(pack) + 1)};
    return desk->bytes != NULL;
}

static void desk_close(Desk *desk)
{
    free(desk->bytes);
    image_free(&desk->image);
    image_free(&desk->small);
}

static bool check_stated_size(const Pack *pack, size_t record, const Image *image, Error *err)
{
    int width, height;
    pack_image_size(pack, record, &width, &height);
    return (image->width == width && image->height == height) ||
           error_set(err, ERROR_DATA, "is %d x %d pixels; the pack states %d x %d", image->width,
                     image->height, width, height);
}

static bool look_at_record(Picture *picture, const Pack *pack, size_t record, Desk *desk,
                           Error *err)
{
    Rect covered;
    size_t bytes = pack_image_bytes(pack, record);
    Rect whole = {0, 0, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX};
    if (!pack_read(pack, record, desk->bytes, err)) return false;
    if (!image_size(desk->bytes, bytes, &whole.width, &whole.height, err) ||
        !image_decode(&desk->image, &covered, desk->bytes, bytes, whole, 1, err) ||
        !check_stated_size(pack, record, &desk->image, err))
        return false;
    picture->orientation = image_orientation(desk->bytes, bytes, &picture->has_exif);
    return look_at(&picture->look, &desk->image, &desk->small) ||
           error_set(err, ERROR_SYSTEM, "no memory to look at it");
}

static void look_at_some(void *context, int worker)
{
    Job *job = context;
    size_t record;
    while ((record = atomic_fetch_add(&job->next, 1)) < pack_records(job->pack)) {
        Picture *picture = &job->picture[record];
        Error why = {0};
        picture->damaged = !look_at_record(picture, job->pack, record, &job->desk[worker], &why);
        size_t done = atomic_fetch_add(&job->done, 1) + 1;
        if (worker == 0) progress_set(&job->progress, done);
    }
}

void inspection_make(Inspection *inspection)
{
    const Pack *pack = inspection->pack;
    int workers = pool_cores();
    Pool *pool = pool_create(workers);
    Job job = {.pack = pack,
               .picture = arena_new(inspection->arena, Picture, pack_records(pack)),
               .desk = arena_new(inspection->arena, Desk, workers)};
    for (int w = 0; w < workers; w++)
        if (!desk_open(&job.desk[w], pack)) die("lint: no memory for an image's bytes");
    progress_start(&job.progress, "looking at", "images", pack_records(pack), 0);
    pool_run(pool, look_at_some, &job);
    progress_set(&job.progress, pack_records(pack));
    progress_finish(&job.progress);
    for (int w = 0; w < workers; w++) desk_close(&job.desk[w]);
    pool_destroy(pool);
    for (size_t r = 0; r < pack_records(pack); r++) inspection->sound += !job.picture[r].damaged;
    inspection->picture = job.picture;
}

void inspection_explain(const Inspection *inspection, size_t record, Error *err)
{
    Desk desk;
    if (!desk_open(&desk, inspection->pack)) die("lint: no memory for an image's bytes");
    look_at_record(&(Picture){0}, inspection->pack, record, &desk, err);
    desk_close(&desk);
}

const char *inspection_name(const Inspection *inspection, size_t record)
{
    return arena_printf(inspection->arena, "%s (%s)", pack_record_path(inspection->pack, record),
                        split_name(pack_split_of(inspection->pack, record)));
}
