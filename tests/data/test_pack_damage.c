/*
 * Damage to single records of a pack. Run alone it is a cmocka program; with arguments PACK OUT
 * KIND:RECORD..., it writes a copy of a pack with these records damaged (tests/train/bad_images.sh).
 */
#include "folder.h"
#include "pictures.h"

#include "base/arena.h"
#include "base/hash.h"
#include "data/lane_loader.h"
#include "data/pack_write.h"
#include "io/h5.h"
#include "io/seal.h"

#include <fcntl.h>
#include <unistd.h>

/* What happens to a record. `known`: its checksum is that of the damaged bytes, as if another program
 * had packed them, so that only the decoder can tell. */
typedef struct Damage {
    const char *name;
    bool flip, known;
    int keep; /* bytes; -1: all, -2: the first half */
    const char *reason;
} Damage;

static const Damage damages[] = {
    {"flipped", true, false, -1, "is damaged: its checksum does not match"},
    {"halved", false, false, -2, "is damaged: its checksum does not match"},
    {"lost", false, false, 0, "is damaged: its checksum does not match"},
    {"beheaded", false, true, 100, "is a damaged "},
    {"empty", false, true, 0, "is empty"},
};
enum { DAMAGES = sizeof damages / sizeof *damages };

/* A pack's tables and bytes, to be changed. */
typedef struct Copy {
    const Pack *pack;
    size_t records;
    uint64_t *offset, *checksum;
    int32_t *size;
    uint8_t *split, *bytes;
    const char **path;
} Copy;

/* Appends a record, damaged if `damage` is not NULL. */
static void add_record(Copy *copy, size_t record, const Damage *damage)
{
    const Pack *pack = copy->pack;
    Error err = {0};
    uint8_t *data = copy->bytes + copy->offset[record];
    size_t bytes = pack_image_bytes(pack, record);
    if (!pack_read(pack, record, data, &err)) die("%s", err.text);
    copy->checksum[record] = hash64(data, bytes);
    if (damage && damage->flip) data[bytes / 2] ^= 0x10;
    if (damage && damage->keep != -1) bytes = damage->keep == -2 ? bytes / 2 : (size_t)damage->keep;
    if (damage && damage->known) copy->checksum[record] = hash64(data, bytes);
    copy->offset[record + 1] = copy->offset[record] + bytes;
    copy->split[record] = (uint8_t)pack_split_of(pack, record);
    copy->path[record] = pack_record_path(pack, record);
    pack_image_size(pack, record, &copy->size[2 * record], &copy->size[2 * record + 1]);
}

static Copy copy_pack(const Pack *pack, const Damage *const *damage, Arena *arena)
{
    size_t n = pack_records(pack), bytes = 0;
    for (size_t r = 0; r < n; r++) bytes += pack_image_bytes(pack, r);
    Copy copy = {.pack = pack,
                 .records = n,
                 .offset = arena_new(arena, uint64_t, n + 1),
                 .checksum = arena_new(arena, uint64_t, n),
                 .size = arena_new(arena, int32_t, 2 * n),
                 .split = arena_new(arena, uint8_t, n),
                 .bytes = arena_new(arena, uint8_t, bytes),
                 .path = arena_new(arena, const char *, n)};
    for (size_t r = 0; r < n; r++) add_record(&copy, r, damage[r]);
    return copy;
}

static void write_labels(H5 *file, const Pack *pack, Error *err)
{
    size_t n = pack_records(pack);
    for (int g = 0; g < pack_groups(pack); g++) {
        const LabelGroup *group = pack_group(pack, g);
        char name[512];
        snprintf(name, sizeof name, "/labels/%s/class", group->name);
        h5_write_texts(file, name, group->class_name, (size_t)group->classes, err);
        snprintf(name, sizeof name, "/labels/%s/label", group->name);
        h5_write(file, name, H5_I32, (H5Shape){1, {n}}, group->label, err);
    }
}

static void write_copy(const Copy *copy, const char *out)
{
    Error err = {0};
    size_t n = copy->records, bytes = copy->offset[n];
    uint64_t at = 0;
    H5 *file = h5_create(out, &err);
    if (!file) die("%s", err.text);
    write_labels(file, copy->pack, &err);
    h5_write(file, "/split", H5_U8, (H5Shape){1, {n}}, copy->split, &err);
    h5_write(file, "/images/offset", H5_U64, (H5Shape){1, {n + 1}}, copy->offset, &err);
    h5_write(file, "/images/checksum", H5_U64, (H5Shape){1, {n}}, copy->checksum, &err);
    h5_write(file, "/images/size", H5_I32, (H5Shape){2, {n, 2}}, copy->size, &err);
    h5_write_texts(file, "/images/path", copy->path, n, &err);
    h5_reserve(file, "/images/bytes", H5_U8, (H5Shape){1, {bytes}}, &at, &err);
    h5_close(file, &err);
    int fd = open(out, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || !file_pwrite(fd, copy->bytes, bytes, at) || close(fd) != 0)
        die("%s: cannot be written", out);
    Seal seal = {SEAL_PACK, PACK_VERSION, at, at + bytes, {0}};
    seal_write(out, &seal, &err);
    if (err.kind != ERROR_NONE) die("%s", err.text);
}

/* damage[record] from "KIND:RECORD". */
static void parse_damage(const char *text, const Damage **damage, size_t records)
{
    const char *colon = strchr(text, ':');
    size_t record = colon ? strtoul(colon + 1, NULL, 10) : records;
    for (int d = 0; d < DAMAGES; d++)
        if (record < records && strncmp(text, damages[d].name, (size_t)(colon - text)) == 0)
            damage[record] = &damages[d];
    if (record >= records || !damage[record]) die("%s: no such damage", text);
}

static int damage_file(int argc, char **argv)
{
    Error err = {0};
    Arena *arena = arena_create("damage");
    Pack *pack = pack_open(argv[1], &err);
    if (!pack) die("%s", err.text);
    size_t n = pack_records(pack);
    const Damage **damage = arena_new(arena, const Damage *, n);
    for (int i = 3; i < argc; i++) parse_damage(argv[i], damage, n);
    Copy copy = copy_pack(pack, damage, arena);
    write_copy(&copy, argv[2]);
    pack_close(pack);
    arena_destroy(arena);
    return 0;
}

/* --- alone --- */

enum { IMAGES = 2 * DAMAGES + 1, SIDE = 48 };

static Comm *comm;

static void make_pack(const char *out)
{
    char manifest[2048] = "path,type\n", name[16];
    Error err = {0};
    Listing listing;
    for (int i = 0; i < IMAGES; i++) {
        Image image = paint(SIDE, SIDE, (uint32_t)i + 1);
        Bytes file = {0};
        snprintf(name, sizeof name, "%d.jpg", i);
        image_encode_jpeg(&image, 90, &file.data, &file.bytes, &err);
        put_file(name, file.data, file.bytes);
        snprintf(manifest + strlen(manifest), 64, "%s,%c\n", name, 'a' + i % 2);
        free(file.data);
        image_free(&image);
    }
    put_file("m.csv", manifest, strlen(manifest));
    manifest_read(&listing, in_folder("m.csv"), NULL, NULL, &err);
    pack_write(&listing, &(PackOptions){.root = folder, .out = out}, comm, &err);
    check_no_error(&err);
    listing_free(&listing);
}

typedef struct Reports {
    char reason[IMAGES][256];
} Reports;

static void report(void *context, uint32_t record, const char *reason)
{
    Reports *reports = context;
    snprintf(reports->reason[record], sizeof reports->reason[record], "%s", reason);
}

/* Every second record suffers; in training and in evaluation it is masked for the reason that fits, its
 * picture is zero, and its neighbours are whole. */
static void each_damage_is_found(void **state)
{
    (void)state;
    char sound[512], hurt[512], *argv[3 + DAMAGES] = {"", sound, hurt}, text[DAMAGES][64];
    snprintf(sound, sizeof sound, "%s", in_folder("sound.h5"));
    snprintf(hurt, sizeof hurt, "%s", in_folder("hurt.h5"));
    make_pack(sound);
    for (int d = 0; d < DAMAGES; d++) {
        snprintf(text[d], sizeof text[d], "%s:%d", damages[d].name, 2 * d + 1);
        argv[3 + d] = text[d];
    }
    damage_file(3 + DAMAGES, argv);
    Error err = {0};
    Arena *arena = arena_create("test");
    Pack *pack = pack_open(hurt, &err);
    check_no_error(&err);
    static Reports reports;
    AugmentOptions augment = {.crop = 1,
                              .scale = {2, {0.35, 1}},
                              .ratio = {2, {0.75, 1.33}},
                              .mean = {3, {0, 0, 0}},
                              .deviation = {3, {1, 1, 1}}};
    LaneLoader *loader = lane_loader_create(
        &(LaneLoaderOptions){
            .pack = pack, .augment = &augment, .seed = 1, .report = report, .context = &reports},
        arena);
    static float images[IMAGES][8 * 8 * 3];
    static const float zero[8 * 8 * 3];
    uint32_t records[IMAGES];
    bool bad[IMAGES];
    for (uint32_t r = 0; r < IMAGES; r++) records[r] = r;
    for (int training = 0; training <= 1; training++) {
        memset(&reports, 0, sizeof reports);
        augment.enabled = training;
        int count = lane_loader_load(loader, images[0], 8, bad, records, IMAGES, training, 3);
        assert_int_equal(count, DAMAGES);
        for (int r = 0; r < IMAGES; r++) {
            assert_int_equal(bad[r], r % 2);
            assert_int_equal(memcmp(images[r], zero, sizeof zero) == 0, r % 2);
            const char *reason = r % 2 ? damages[r / 2].reason : "";
            if (!strstr(reports.reason[r], reason) || (r % 2 == 0 && *reports.reason[r]))
                fail_msg("record %d: \"%s\", not \"%s\"", r, reports.reason[r], reason);
        }
    }
    lane_loader_destroy(loader);
    pack_close(pack);
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_damage_is_found)};
    if (argc > 3) return damage_file(argc, argv);
    comm = comm_open(&argc, &argv);
    int failures = cmocka_run_group_tests(tests, folder_make, folder_remove);
    comm_close(comm);
    return failures;
}
