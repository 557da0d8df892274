/* Packs whose tables make no sense, though a valid seal covers them: each is an error by name. */
#include "packs.h"

#include "io/h5.h"
#include "io/seal.h"

typedef struct Forged {
    uint64_t offset[4];
    uint64_t checksum[3];
    int32_t size[6];
    uint8_t split[3];
    int32_t label[3];
    int classes;
    size_t paths, labels, splits; /* lengths of the tables */
    uint64_t image_bytes;
    H5Type bytes_type;
    SealKind kind;
    uint32_t version;
    bool no_labels;
} Forged;

static Forged sound(void)
{
    return (Forged){
        .offset = {0, 10, 10, 24},
        .size = {3, 4, 5, 6, 7, 8},
        .split = {0, 1, 2},
        .label = {0, 1, -1},
        .classes = 2,
        .paths = 3,
        .labels = 3,
        .splits = 3,
        .image_bytes = 24,
        .bytes_type = H5_U8,
        .kind = SEAL_PACK,
        .version = PACK_VERSION,
    };
}

static void forge(const Forged *f)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    Error err = {0};
    uint64_t at;
    const char *path = in_folder("forged.h5");
    H5 *file = h5_create(path, &err);
    check_no_error(&err);
    h5_write(file, "/images/offset", H5_U64, (H5Shape){1, {4}}, f->offset, &err);
    h5_write(file, "/images/checksum", H5_U64, (H5Shape){1, {3}}, f->checksum, &err);
    h5_write(file, "/images/size", H5_I32, (H5Shape){2, {3, 2}}, f->size, &err);
    h5_write(file, "/split", H5_U8, (H5Shape){1, {f->splits}}, f->split, &err);
    h5_write_texts(file, "/images/path", names, f->paths, &err);
    if (!f->no_labels) {
        h5_write_texts(file, "/labels/t/class", names, (size_t)f->classes, &err);
        h5_write(file, "/labels/t/label", H5_I32, (H5Shape){1, {f->labels}}, f->label, &err);
    }
    h5_reserve(file, "/images/bytes", f->bytes_type, (H5Shape){1, {f->image_bytes}}, &at, &err);
    h5_close(file, &err);
    Seal seal = {
        .kind = f->kind, .version = f->version, .hole_begin = at, .hole_end = at + f->image_bytes};
    seal_write(path, &seal, &err);
    check_no_error(&err);
}

static void forged_refused(const Forged *forged, const char *part)
{
    forge(forged);
    open_refused("forged.h5", part);
}

static void contradicting_tables(void **state)
{
    (void)state;
    Forged f = sound();
    forge(&f);
    pack_close(open_pack("forged.h5"));
#define REFUSED(part, ...)                                                                         \
    do {                                                                                           \
        f = sound();                                                                               \
        __VA_ARGS__;                                                                               \
        forged_refused(&f, part);                                                                  \
    } while (0)
    REFUSED("image 1 lies outside the image bytes", f.offset[2] = 9);
    REFUSED("image 0 lies outside the image bytes", f.offset[1] = UINT64_MAX);
    REFUSED("its offsets do not cover its image bytes", f.offset[0] = 1);
    REFUSED("its offsets do not cover its image bytes", f.offset[3] = 25);
    REFUSED("its offsets do not cover its image bytes", f.image_bytes = 23);
    REFUSED("image 1 has the size 0 x 6", f.size[2] = 0);
    REFUSED("image 2 has the size 7 x -8", f.size[5] = -8);
    REFUSED("image 0 has the size 32769 x 4; sides from 1 to 32768", f.size[0] = 32769);
    REFUSED("image 2 is in split 3, which does not exist", f.split[2] = 3);
    REFUSED("image 1 has label 2 of group t, which has 2 classes", f.label[1] = 2);
    REFUSED("image 2 has label -2 of group t", f.label[2] = -2);
    REFUSED("label group t has 0 classes", f.classes = 0);
    REFUSED("has 2 paths for 3 images", f.paths = 2);
    REFUSED("/labels/t/label: is int32 (2), not int32 (3)", f.labels = 2);
    REFUSED("/split: is uint8 (2), not uint8 (3)", f.splits = 2);
    REFUSED("/images/bytes is no list of bytes", f.bytes_type = H5_I32);
    REFUSED("is a checkpoint, not a pack", f.kind = SEAL_CHECKPOINT);
    REFUSED("is a pack of version 3, this program reads up to version 2", f.version = 3);
    REFUSED("/labels", f.no_labels = true);
#undef REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradicting_tables),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
