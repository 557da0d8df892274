/*
 * Event files through protobuf-c; the only file that includes the code that protoc-c makes of event_file.proto. A record
 * is an event between its length and checksums, as TFRecord has it.
 */
#include "io/event_file.h"

#include "base/arena.h"
#include "base/crc32c.h"
#include "io/file.h"
#include "little_endian.h"

#include <dirent.h>
#include <event_file.pb-c.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, HOST_BYTES = 256 };
enum { LENGTH_BYTES = 8, CHECKSUM_BYTES = 4, HEAD_BYTES = LENGTH_BYTES + CHECKSUM_BYTES };
enum { BUCKETS = 30 }; /* as many as TensorBoard draws */

struct EventFile {
    Arena *arena; /* of the values that wait */
    char path[PATH_BYTES];
    uint64_t first_step;
    Tensorboard__Summary summary; /* of these values */
};

/* --- opening --- */

static const char prefix[] = "events.out.tfevents.";

/* Later than those of all files of the folder, whatever clocks say. */
static uint64_t next_seconds(const char *folder)
{
    uint64_t seconds = (uint64_t)time(NULL);
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0) continue;
        uint64_t there = strtoull(entry->d_name + sizeof prefix - 1, NULL, 10);
        if (there >= seconds && there < UINT64_MAX) seconds = there + 1;
    }
    if (dir) closedir(dir);
    return seconds;
}

static void forget_values(EventFile *file)
{
    arena_reset(file->arena);
    tensorboard__summary__init(&file->summary);
}

EventFile *event_file_create(const char *folder, uint64_t first_step)
{
    EventFile *file = calloc(1, sizeof *file);
    char host[HOST_BYTES] = "";
    if (!file) die("event file: out of memory");
    gethostname(host, sizeof host - 1);
    snprintf(file->path, sizeof file->path, "%s/%s%010" PRIu64 ".%s", folder, prefix,
             next_seconds(folder), *host ? host : "host");
    file->first_step = first_step;
    file->arena = arena_create("event file");
    forget_values(file);
    return file;
}

void event_file_destroy(EventFile *file)
{
    if (!file) return;
    arena_destroy(file->arena);
    free(file);
}

/* --- values --- */

static Tensorboard__Summary__Value *add_value(EventFile *file, const char *tag)
{
    Tensorboard__Summary *summary = &file->summary;
    Tensorboard__Summary__Value *value = arena_new(file->arena, Tensorboard__Summary__Value, 1);
    tensorboard__summary__value__init(value);
    value->tag = arena_strdup(file->arena, tag);
    summary->value = arena_extend(file->arena, summary->value, summary->n_value);
    return summary->value[summary->n_value++] = value;
}

void event_file_add_scalar(EventFile *file, const char *tag, float number)
{
    Tensorboard__Summary__Value *value = add_value(file, tag);
    value->has_simple_value = 1;
    value->simple_value = number;
}

static ProtobufCBinaryData copy_bytes(Arena *arena, const void *data, size_t bytes)
{
    return (ProtobufCBinaryData){bytes, memcpy(arena_alloc(arena, bytes), data, bytes)};
}

void event_file_add_text(EventFile *file, const char *tag, const char *markdown)
{
    Arena *arena = file->arena;
    Tensorboard__SummaryMetadata__PluginData *plugin =
        arena_new(arena, Tensorboard__SummaryMetadata__PluginData, 1);
    tensorboard__summary_metadata__plugin_data__init(plugin);
    plugin->plugin_name = arena_strdup(arena, "text");

    Tensorboard__TensorProto *tensor = arena_new(arena, Tensorboard__TensorProto, 1);
    tensorboard__tensor_proto__init(tensor);
    tensor->has_dtype = 1;
    tensor->dtype = TENSORBOARD__DATA_TYPE__DT_STRING;
    tensor->n_string_val = 1;
    tensor->string_val = arena_new(arena, ProtobufCBinaryData, 1);
    tensor->string_val[0] = copy_bytes(arena, markdown, strlen(markdown));

    Tensorboard__Summary__Value *value = add_value(file, tag);
    value->metadata = arena_new(arena, Tensorboard__SummaryMetadata, 1);
    tensorboard__summary_metadata__init(value->metadata);
    value->metadata->plugin_data = plugin;
    value->tensor = tensor;
}

void event_file_add_picture(EventFile *file, const char *tag, int width, int height,
                            const uint8_t *data, size_t bytes)
{
    Tensorboard__Summary__Image *image = arena_new(file->arena, Tensorboard__Summary__Image, 1);
    tensorboard__summary__image__init(image);
    image->has_height = image->has_width = image->has_colorspace = 1;
    image->height = height;
    image->width = width;
    image->colorspace = 3;
    image->has_encoded_image_string = 1;
    image->encoded_image_string = copy_bytes(file->arena, data, bytes);
    add_value(file, tag)->image = image;
}

/* --- histograms --- */

/* Moments and extent of the finite values. */
static void measure(Tensorboard__HistogramProto *histogram, const float *value, size_t count)
{
    histogram->has_min = histogram->has_max = histogram->has_num = 1;
    histogram->has_sum = histogram->has_sum_squares = 1;
    histogram->min = (double)INFINITY;
    histogram->max = (double)-INFINITY;
    for (size_t i = 0; i < count; i++) {
        double x = (double)value[i];
        if (!isfinite(x)) continue;
        if (x < histogram->min) histogram->min = x;
        if (x > histogram->max) histogram->max = x;
        histogram->num++;
        histogram->sum += x;
        histogram->sum_squares += x * x;
    }
}

/* Buckets of equal width from min to max, each without its upper end but the last; one if all values are the same. */
static void open_buckets(Tensorboard__HistogramProto *histogram, Arena *arena)
{
    double width = (histogram->max - histogram->min) / BUCKETS;
    size_t buckets = width > 0 ? BUCKETS : 1;
    histogram->n_bucket_limit = histogram->n_bucket = buckets;
    histogram->bucket_limit = arena_new(arena, double, buckets);
    histogram->bucket = arena_new(arena, double, buckets);
    for (size_t b = 0; b + 1 < buckets; b++)
        histogram->bucket_limit[b] = histogram->min + width * (double)(b + 1);
    histogram->bucket_limit[buckets - 1] = histogram->max;
}

/* Dividing may miss by one at the ends of a bucket. */
static size_t bucket_of(const Tensorboard__HistogramProto *histogram, double x)
{
    double extent = histogram->max - histogram->min;
    size_t last = histogram->n_bucket - 1;
    if (last == 0) return 0;
    size_t bucket = (size_t)((x - histogram->min) / extent * BUCKETS);
    if (bucket > last) bucket = last;
    if (bucket > 0 && x < histogram->bucket_limit[bucket - 1]) return bucket - 1;
    return bucket < last && x >= histogram->bucket_limit[bucket] ? bucket + 1 : bucket;
}

void event_file_add_histogram(EventFile *file, const char *tag, const float *value, size_t count)
{
    Tensorboard__HistogramProto *histogram = arena_new(file->arena, Tensorboard__HistogramProto, 1);
    tensorboard__histogram_proto__init(histogram);
    measure(histogram, value, count);
    if (histogram->num == 0) return;
    open_buckets(histogram, file->arena);
    for (size_t i = 0; i < count; i++)
        if (isfinite(value[i])) histogram->bucket[bucket_of(histogram, (double)value[i])]++;
    add_value(file, tag)->histo = histogram;
}

/* --- writing --- */

static double seconds_since_1970(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static Tensorboard__Event begin_event(double time, uint64_t step)
{
    Tensorboard__Event event;
    tensorboard__event__init(&event);
    event.has_wall_time = event.has_step = 1;
    event.wall_time = time;
    event.step = (int64_t)step;
    return event;
}

/* Checksums are stored such that a file of records may itself be part of a record. */
static void put_checksum(uint8_t *at, const uint8_t *data, size_t bytes)
{
    uint32_t crc = crc32c(data, bytes);
    put_number(at, (crc >> 15 | crc << 17) + 0xA282EAD8U, CHECKSUM_BYTES);
}

static size_t record_bytes(const Tensorboard__Event *event)
{
    return HEAD_BYTES + tensorboard__event__get_packed_size(event) + CHECKSUM_BYTES;
}

/* Returns what is behind the record. */
static uint8_t *put_record(uint8_t *at, const Tensorboard__Event *event)
{
    uint8_t *data = at + HEAD_BYTES;
    size_t bytes = tensorboard__event__pack(event, data);
    put_number(at, bytes, LENGTH_BYTES);
    put_checksum(at + LENGTH_BYTES, at, LENGTH_BYTES);
    put_checksum(data + bytes, data, bytes);
    return data + bytes + CHECKSUM_BYTES;
}

/* Appends the events, all or none. */
static bool append(EventFile *file, const Tensorboard__Event *event, int events, Error *err)
{
    size_t bytes = 0;
    for (int i = 0; i < events; i++) bytes += record_bytes(&event[i]);
    uint8_t *data = arena_alloc(file->arena, bytes), *at = data;
    for (int i = 0; i < events; i++) at = put_record(at, &event[i]);
    return file_append(file->path, data, bytes, err);
}

/* A file begins by saying of what version it is, and from which step on it counts. */
static bool begin_file(EventFile *file, Error *err)
{
    static const char version[] = "brain.Event:2"; /* the first that knows of starts */
    double now = seconds_since_1970();
    Tensorboard__Event event[2] = {begin_event(now, 0), begin_event(now, file->first_step)};
    Tensorboard__SessionLog log;
    tensorboard__session_log__init(&log);
    log.has_status = 1;
    log.status = TENSORBOARD__SESSION_LOG__SESSION_STATUS__START;
    event[0].file_version = arena_strdup(file->arena, version);
    event[1].session_log = &log;
    char folder[PATH_BYTES];
    file_folder(file->path, folder, sizeof folder);
    return file_make_folders(folder, err) && append(file, event, 2, err);
}

bool event_file_write(EventFile *file, uint64_t step, Error *err)
{
    if (file->summary.n_value == 0) return true;
    Tensorboard__Event event = begin_event(seconds_since_1970(), step);
    event.summary = &file->summary;
    bool ok = (file_exists(file->path) || begin_file(file, err)) && append(file, &event, 1, err);
    forget_values(file);
    return ok;
}
