/*
 * Reading safetensors (format: github.com/huggingface/safetensors): 8 bytes N, little-endian; N bytes of
 * JSON, {"NAME": {"dtype", "shape", "data_offsets": [begin, end]}, …}, where offsets count from the end
 * of the header; the data, without holes.
 */
#include "io/safetensors.h"

#include "base/arena.h"
#include "io/file.h"
#include "io/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, NAME_MAX_BYTES = 512, BLOCK = 1 << 14 };
static const uint64_t HEADER_MAX = 100000000; /* as in the reference implementation */

struct Safetensors {
    int fd;
    const char *path;
    uint64_t file_bytes, data_begin;
    Arena *arena;
    SafetensorsArray *array; /* (arrays) */
    int arrays;
};

static const struct {
    const char *name;
    uint64_t bytes;
} dtypes[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8},     {"I64", 8},
              {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U64", 8},     {"U32", 4},
              {"U16", 2}, {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};

/* --- one array of the header --- */

typedef struct Reader {
    Safetensors *file;
    Error *err;
} Reader;

static bool bad_array(const Reader *reader, const char *name, const char *why)
{
    return error_set(reader->err, ERROR_DATA, "tensor \"%s\": %s", name, why);
}

/* Names are shown in messages and compared with ours. */
static bool check_name(const Reader *reader, const char *name)
{
    size_t length = strlen(name);
    bool ok = length > 0 && length < NAME_MAX_BYTES;
    for (const char *at = name; ok && *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f) ok = false;
    return ok || error_set(reader->err, ERROR_DATA,
                           "a tensor's name is empty, longer than %d bytes or not printable",
                           NAME_MAX_BYTES - 1);
}

static bool parse_dtype(const Reader *reader, SafetensorsArray *array, const JsonValue *value,
                        uint64_t *element_bytes)
{
    const char *text = json_get_text(value);
    for (size_t i = 0; text && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, text) == 0) {
            array->dtype = dtypes[i].name;
            *element_bytes = dtypes[i].bytes;
            return true;
        }
    return bad_array(reader, array->name, "its dtype is missing or unknown");
}

static bool parse_shape(const Reader *reader, SafetensorsArray *array, const JsonValue *value)
{
    size_t rank;
    if (!json_elements(value, &rank) || rank > SAFETENSORS_RANK_MAX)
        return bad_array(reader, array->name, "its shape is no list of at most 8 dimensions");
    array->rank = (int)rank;
    array->count = 1;
    for (size_t i = 0; i < rank; i++) {
        int64_t dim;
        if (!json_get_integer(json_element(value, i), &dim) || dim < 0)
            return bad_array(reader, array->name, "a dimension is no whole number from 0 on");
        array->dim[i] = (uint64_t)dim;
        if (__builtin_mul_overflow(array->count, array->dim[i], &array->count))
            return bad_array(reader, array->name,
                             "its shape has more elements than a file can hold");
    }
    return true;
}

static bool parse_place(const Reader *reader, SafetensorsArray *array, const JsonValue *value,
                        uint64_t element_bytes)
{
    size_t numbers;
    int64_t begin, end;
    uint64_t bytes;
    uint64_t data_bytes = reader->file->file_bytes - reader->file->data_begin;
    if (!json_elements(value, &numbers) || numbers != 2 ||
        !json_get_integer(json_element(value, 0), &begin) ||
        !json_get_integer(json_element(value, 1), &end) || begin < 0 || end < begin)
        return bad_array(reader, array->name, "its data_offsets are no begin and end");
    if ((uint64_t)end > data_bytes)
        return bad_array(reader, array->name,
                         "its data_offsets lie beyond the end of the file, which may be cut short");
    if (__builtin_mul_overflow(array->count, element_bytes, &bytes) ||
        bytes != (uint64_t)(end - begin))
        return bad_array(reader, array->name, "its data_offsets do not fit its dtype and shape");
    array->begin = reader->file->data_begin + (uint64_t)begin;
    return true;
}

static bool parse_array(void *context, const char *name, const JsonValue *value)
{
    Reader *reader = context;
    Safetensors *file = reader->file;
    uint64_t element_bytes = 0;
    if (strcmp(name, "__metadata__") == 0) return true;
    if (!check_name(reader, name)) return false;
    SafetensorsArray *array = &file->array[file->arrays];
    array->name = arena_strdup(file->arena, name);
    if (!parse_dtype(reader, array, json_member(value, "dtype"), &element_bytes) ||
        !parse_shape(reader, array, json_member(value, "shape")) ||
        !parse_place(reader, array, json_member(value, "data_offsets"), element_bytes))
        return false;
    file->arrays++;
    return true;
}

/* --- the whole --- */

static uint64_t element_bytes_of(const SafetensorsArray *array)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (dtypes[i].name == array->dtype) return dtypes[i].bytes;
    return 0;
}

static uint64_t end_of(const SafetensorsArray *array)
{
    return array->begin + array->count * element_bytes_of(array);
}

static int by_place(const void *a, const void *b)
{
    const SafetensorsArray *left = a, *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    return (end_of(left) > end_of(right)) - (end_of(left) < end_of(right)); /* empty ones first */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const SafetensorsArray *)a)->name, ((const SafetensorsArray *)b)->name);
}

/* Every byte of the data belongs to exactly one array. */
static bool check_places(Safetensors *file, Error *err)
{
    uint64_t at = file->data_begin;
    qsort(file->array, (size_t)file->arrays, sizeof *file->array, by_place);
    for (int i = 0; i < file->arrays; i++) {
        const SafetensorsArray *array = &file->array[i];
        if (array->begin < at)
            return error_set(err, ERROR_DATA, "tensor \"%s\": its data overlap those of \"%s\"",
                             array->name, file->array[i - 1].name);
        if (array->begin > at)
            return error_set(err, ERROR_DATA,
                             "tensor \"%s\": %llu bytes before its data belong to no tensor",
                             array->name, (unsigned long long)(array->begin - at));
        at = end_of(array);
    }
    if (at != file->file_bytes)
        return error_set(err, ERROR_DATA, "%llu bytes at the end belong to no tensor",
                         (unsigned long long)(file->file_bytes - at));
    return true;
}

static bool parse_header(Safetensors *file, const char *text, uint64_t bytes, Error *err)
{
    JsonValue *root = json_parse(text, bytes, err);
    if (!root) return error_context(err, "its header");
    file->array = arena_new(file->arena, SafetensorsArray, json_members(root) + 1);
    Reader reader = {file, err};
    bool ok = json_visit(root, parse_array, &reader) && check_places(file, err);
    json_free(root);
    qsort(file->array, (size_t)file->arrays, sizeof *file->array, by_name);
    return ok;
}

static uint64_t little_endian(const uint8_t bytes[LENGTH_BYTES])
{
    uint64_t value = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

static bool read_header(Safetensors *file, Error *err)
{
    uint8_t length[LENGTH_BYTES];
    struct stat info;
    if (fstat(file->fd, &info) != 0 || !S_ISREG(info.st_mode))
        return error_set(err, ERROR_SYSTEM, "it is no regular file");
    file->file_bytes = (uint64_t)info.st_size;
    if (file->file_bytes < LENGTH_BYTES || !file_pread(file->fd, length, sizeof length, 0))
        return error_set(err, ERROR_DATA, "it is shorter than a header");
    uint64_t bytes = little_endian(length);
    if (bytes > HEADER_MAX || bytes > file->file_bytes - LENGTH_BYTES)
        return error_set(err, ERROR_DATA,
                         "its header should have %llu bytes, more than %s; it is cut short, or of "
                         "another format",
                         (unsigned long long)bytes, bytes > HEADER_MAX ? "100 MB" : "the file");
    char *text = malloc(bytes + 1);
    if (!text) return error_set(err, ERROR_SYSTEM, "no memory for its header");
    file->data_begin = LENGTH_BYTES + bytes;
    bool ok = file_pread(file->fd, text, bytes, LENGTH_BYTES)
                  ? parse_header(file, text, bytes, err)
                  : error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
    free(text);
    return ok;
}

Safetensors *safetensors_open(const char *path, Error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_set(err, ERROR_SYSTEM, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    Arena *arena = arena_create("safetensors");
    Safetensors *file = arena_new(arena, Safetensors, 1);
    *file = (Safetensors){.fd = fd, .path = arena_strdup(arena, path), .arena = arena};
    if (read_header(file, err)) return file;
    error_context(err, "%s: cannot be read as safetensors", path);
    safetensors_close(file);
    return NULL;
}

void safetensors_close(Safetensors *file)
{
    if (!file) return;
    close(file->fd);
    arena_destroy(file->arena);
}

int safetensors_count(const Safetensors *file)
{
    return file->arrays;
}

const SafetensorsArray *safetensors_at(const Safetensors *file, int index)
{
    return &file->array[index];
}

const SafetensorsArray *safetensors_find(const Safetensors *file, const char *name)
{
    SafetensorsArray key = {.name = name};
    return file->arrays
               ? bsearch(&key, file->array, (size_t)file->arrays, sizeof *file->array, by_name)
               : NULL;
}

/* --- numbers --- */

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16. */
static float from_half(uint32_t half)
{
    uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31) return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent > 0) return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float value = (float)fraction * 0x1p-24F; /* zero and what has no leading one */
    return sign ? -value : value;
}

static void convert(float *out, const uint8_t *in, size_t count, const char *dtype)
{
    bool wide = strcmp(dtype, "F32") == 0, half = strcmp(dtype, "F16") == 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = in + i * (wide ? 4 : 2);
        uint32_t low = (uint32_t)at[0] | (uint32_t)at[1] << 8;
        out[i] = wide   ? from_bits(low | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24)
                 : half ? from_half(low)
                        : from_bits(low << 16);
    }
}

bool safetensors_read(const Safetensors *file, const SafetensorsArray *array, float *out,
                      Error *err)
{
    const char *dtype = array->dtype;
    uint8_t block[4 * BLOCK];
    if (strcmp(dtype, "F32") != 0 && strcmp(dtype, "F16") != 0 && strcmp(dtype, "BF16") != 0)
        return error_set(err, ERROR_DATA,
                         "%s: tensor \"%s\" has dtype %s; only F32, F16 and BF16 can be read",
                         file->path, array->name, dtype);
    uint64_t size = element_bytes_of(array);
    for (uint64_t done = 0; done < array->count;) {
        uint64_t count = array->count - done < BLOCK ? array->count - done : BLOCK;
        errno = EIO;
        if (!file_pread(file->fd, block, count * size, array->begin + done * size))
            return error_set(err, ERROR_SYSTEM, "cannot read %s: %s", file->path, strerror(errno));
        convert(out + done, block, count, dtype);
        done += count;
    }
    return true;
}
