/* Pictures that EXIF turns are seen upright: each orientation of each format, whole and in regions,
 * at each scale; and what is no valid statement turns nothing. */
#include "pictures.h"

/* --- EXIF blocks and files that hold them --- */

typedef struct Entry {
    bool little; /* byte order */
    int tag, type, value;
} Entry;

static void put(uint8_t *at, int bytes, bool little, unsigned value)
{
    for (int i = 0; i < bytes; i++) at[little ? i : bytes - 1 - i] = (uint8_t)(value >> (8 * i));
}

enum { EXIF_BYTES = 6 + 32, SHORT = 3, LONG = 4, ORIENTATION = 0x0112 };

/* "Exif\0\0", then TIFF: a header and directories; `thumbnail` puts the entry into the second. */
static void make_exif(uint8_t out[EXIF_BYTES], const Entry *entry, bool thumbnail)
{
    bool little = entry->little;
    memset(out, 0, EXIF_BYTES);
    memcpy(out, "Exif", 4);
    uint8_t *tiff = out + 6, *directory = tiff + 8;
    memcpy(tiff, little ? "II" : "MM", 2);
    put(tiff + 2, 2, little, 42);
    put(tiff + 4, 4, little, 8);
    if (thumbnail) { /* an empty directory and the place of the next */
        put(directory + 2, 4, little, 14);
        directory += 6;
    }
    put(directory, 2, little, 1);
    put(directory + 2, 2, little, (unsigned)entry->tag);
    put(directory + 4, 2, little, (unsigned)entry->type);
    put(directory + 6, 4, little, 1);
    put(directory + 10, entry->type == SHORT ? 2 : 4, little, (unsigned)entry->value);
}

static Bytes insert(Bytes file, size_t at, const uint8_t *piece, size_t bytes)
{
    Bytes out = {malloc(file.bytes + bytes), file.bytes + bytes};
    memcpy(out.data, file.data, at);
    memcpy(out.data + at, piece, bytes);
    memcpy(out.data + at + bytes, file.data + at, file.bytes - at);
    return out;
}

/* Behind the first two segments and a fill byte, where some programs put it. */
static Bytes jpeg_with_exif(Bytes file, const uint8_t *exif)
{
    static const char other[] = "http://ns.adobe.com/xap/1.0/";
    uint8_t piece[4 + sizeof other + 5 + EXIF_BYTES] = {0xFF, 0xE1, 0, 2 + sizeof other};
    memcpy(piece + 4, other, sizeof other);
    uint8_t *segment = piece + 4 + sizeof other;
    memcpy(segment, "\xFF\xFF\xE1\0", 4);
    segment[4] = 2 + EXIF_BYTES;
    memcpy(segment + 5, exif, EXIF_BYTES);
    return insert(file, 2, piece, sizeof piece);
}

/* Before the last chunk; PNG leaves "Exif\0\0" out. */
static Bytes png_with_exif(Bytes file, const uint8_t *exif)
{
    enum { TIFF_BYTES = EXIF_BYTES - 6 };
    uint8_t piece[12 + TIFF_BYTES] = {0, 0, 0, TIFF_BYTES, 'e', 'X', 'I', 'f'};
    memcpy(piece + 8, exif + 6, TIFF_BYTES);
    put(piece + 8 + TIFF_BYTES, 4, false, png_checksum(piece + 4, 4 + TIFF_BYTES));
    return insert(file, file.bytes - 12, piece, sizeof piece);
}

/* The extended form, VP8X: flags and size before the picture, EXIF behind it. */
static Bytes webp_with_exif(Bytes file, const uint8_t *exif, int width, int height)
{
    enum { TIFF_BYTES = EXIF_BYTES - 6 };
    uint8_t head[18] = {'V', 'P', '8', 'X', 10, 0, 0, 0, 0x08};
    uint8_t tail[8 + TIFF_BYTES] = {'E', 'X', 'I', 'F', TIFF_BYTES};
    put(head + 12, 3, true, (unsigned)width - 1);
    put(head + 15, 3, true, (unsigned)height - 1);
    memcpy(tail + 8, exif + 6, TIFF_BYTES);
    Bytes extended = insert(file, 12, head, sizeof head);
    Bytes out = insert(extended, extended.bytes, tail, sizeof tail);
    put(out.data + 4, 4, true, (unsigned)out.bytes - 8);
    free(extended.data);
    return out;
}

typedef enum Format { JPEG, PNG, WEBP, FORMATS } Format;
static const char *const format_name[] = {"JPEG", "PNG", "WebP"};

static Bytes make_file(Format format, const Image *image)
{
    static const JpegKind kind = {"4:2:0", JCS_YCbCr, 2, 2, 0, 0};
    return format == JPEG  ? make_jpeg(image, &kind, 90)
           : format == PNG ? make_rgb_png(image)
                           : make_webp(image, 80);
}

static Bytes with_exif(Format format, Bytes file, const Image *image, const uint8_t *exif)
{
    return format == JPEG  ? jpeg_with_exif(file, exif)
           : format == PNG ? png_with_exif(file, exif)
                           : webp_with_exif(file, exif, image->width, image->height);
}

static Bytes with_orientation(Format format, Bytes file, const Image *image, int orientation)
{
    uint8_t exif[EXIF_BYTES];
    make_exif(exif, &(Entry){orientation % 2 == 0, ORIENTATION, SHORT, orientation}, false);
    return with_exif(format, file, image, exif);
}

/* --- orientations --- */

/* Stored as abc / def; as ImageOps.exif_transpose of Pillow shows it. */
static void as_a_person_sees_it(void **state)
{
    (void)state;
    static const char *const seen[9] = {NULL,       "abc/def",  "cba/fed",  "fed/cba", "def/abc",
                                        "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"};
    Image stored = paint(3, 2, 1);
    for (size_t i = 0; i < 6; i++)
        memset(stored.pixels + 4 * i, (int)(10 * ("abcdef"[i] - 'a')), 3);
    Bytes plain = make_rgb_png(&stored);
    for (int orientation = 1; orientation <= 8; orientation++) {
        Bytes file = with_orientation(PNG, plain, &stored, orientation);
        Image image = {0};
        Rect covered;
        char text[16] = "";
        decode(&image, &covered, file, whole(3, 3), 1);
        for (int y = 0, n = 0; y < image.height; y++) {
            if (y > 0) text[n++] = '/';
            for (int x = 0; x < image.width; x++)
                text[n++] = (char)('a' + image.pixels[4 * (y * image.width + x)] / 10);
        }
        assert_string_equal(text, seen[orientation]);
        assert_int_equal(covered.x + covered.y, 0);
        assert_int_equal(covered.width, orientation < 5 ? 3 : 2);
        image_free(&image);
        free(file.data);
    }
    image_free(&stored);
    free(plain.data);
}

/* Where upright x,y is stored, written out. */
static size_t stored_index(int orientation, int x, int y, int width, int height)
{
    int column[9] = {0, x, width - 1 - x, width - 1 - x, x, y, y, width - 1 - y, width - 1 - y};
    int row[9] = {0, y, y, height - 1 - y, height - 1 - y, x, height - 1 - x, height - 1 - x, x};
    return (size_t)row[orientation] * (size_t)width + (size_t)column[orientation];
}

static void check_whole(Bytes file, const Image *stored, int orientation, int reduce,
                        const char *name)
{
    Image image = {0};
    Rect covered;
    bool swaps = orientation >= 5;
    decode(&image, &covered, file, whole(IMAGE_SIDE_MAX, IMAGE_SIDE_MAX), reduce);
    assert_int_equal(image.width, swaps ? stored->height : stored->width);
    assert_int_equal(image.height, swaps ? stored->width : stored->height);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++) {
            size_t from = stored_index(orientation, x, y, stored->width, stored->height);
            if (memcmp(image.pixels + 4 * ((size_t)y * (size_t)image.width + (size_t)x),
                       stored->pixels + 4 * from, 4) != 0)
                fail_msg("%s: orientation %d, 1/%d: pixel %d,%d differs", name, orientation, reduce,
                         x, y);
        }
    image_free(&image);
}

static void check_size(Bytes file, int wanted_width, int wanted_height)
{
    int width, height;
    Error err = {0};
    assert_true(image_size(file.data, file.bytes, &width, &height, &err));
    assert_int_equal(width, wanted_width);
    assert_int_equal(height, wanted_height);
}

static void check_orientations(Format format, int width, int height, int reduce_most)
{
    Image drawn = paint(width, height, 2), stored = {0};
    Bytes plain = make_file(format, &drawn);
    for (int orientation = 1; orientation <= 8; orientation++) {
        Bytes file = with_orientation(format, plain, &drawn, orientation);
        bool swaps = orientation >= 5;
        int seen_width = swaps ? height : width, seen_height = swaps ? width : height;
        check_size(file, seen_width, seen_height);
        for (int reduce = 1; reduce <= reduce_most; reduce *= 2) {
            Rect covered;
            decode(&stored, &covered, plain, whole(width, height), reduce);
            check_whole(file, &stored, orientation, reduce, format_name[format]);
        }
        /* libwebp's rounding: see test_image_webp.c */
        check_regions(file, seen_width, seen_height, reduce_most, 25, format == WEBP ? 4 : 0,
                      format_name[format]);
        free(file.data);
    }
    image_free(&drawn);
    image_free(&stored);
    free(plain.data);
}

static void every_format(void **state)
{
    (void)state;
    check_orientations(JPEG, 211, 157, 8); /* the last pixel covers what is not there */
    check_orientations(PNG, 61, 47, 1);
    check_orientations(WEBP, 208, 160, 8);
}

static void buffers_are_reused(void **state)
{
    (void)state;
    Image drawn = paint(90, 70, 5), image = {0};
    Bytes plain = make_file(JPEG, &drawn), file = with_orientation(JPEG, plain, &drawn, 6);
    Rect covered;
    decode(&image, &covered, file, whole(70, 90), 1);
    uint8_t *pixels = image.pixels, *spare = image.spare;
    decode(&image, &covered, file, whole(70, 90), 1);
    assert_ptr_equal(image.pixels, spare);
    assert_ptr_equal(image.spare, pixels);
    image_free(&drawn);
    image_free(&image);
    free(plain.data);
    free(file.data);
}

/* --- what turns nothing --- */

static void check_upright(Format format, Bytes plain, const Image *drawn, const uint8_t *exif)
{
    Bytes file = with_exif(format, plain, drawn, exif);
    check_size(file, drawn->width, drawn->height);
    free(file.data);
}

static void other_statements(void **state)
{
    (void)state;
    static const Entry entries[] = {
        {true, ORIENTATION, SHORT, 0},   {false, ORIENTATION, SHORT, 9},
        {true, ORIENTATION, SHORT, 600}, {true, ORIENTATION, LONG, 6},
        {false, 0x0113, SHORT, 6},
    };
    Image drawn = paint(20, 10, 3);
    for (Format format = 0; format < FORMATS; format++) {
        uint8_t exif[EXIF_BYTES];
        Bytes plain = make_file(format, &drawn);
        for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
            make_exif(exif, &entries[i], false);
            check_upright(format, plain, &drawn, exif);
        }
        make_exif(exif, &(Entry){true, ORIENTATION, SHORT, 6}, true); /* the thumbnail's */
        check_upright(format, plain, &drawn, exif);
        memset(exif + 6, 0, 4); /* no TIFF header */
        check_upright(format, plain, &drawn, exif);
        free(plain.data);
    }
    image_free(&drawn);
}

/* Damage within the block: any size may come out, and nothing may be read behind the end. */
static void damaged_blocks(void **state)
{
    (void)state;
    Image drawn = paint(20, 10, 4);
    for (Format format = 0; format < FORMATS; format++) {
        Bytes plain = make_file(format, &drawn);
        for (int at = 0; at < EXIF_BYTES; at++)
            for (int value = 0; value < 256; value += 51) {
                uint8_t exif[EXIF_BYTES];
                make_exif(exif, &(Entry){at % 2 == 0, ORIENTATION, SHORT, 6}, false);
                exif[at] = (uint8_t)value;
                Bytes file = with_exif(format, plain, &drawn, exif);
                int width, height;
                Error err = {0};
                assert_true(image_size(file.data, file.bytes, &width, &height, &err));
                assert_int_equal(width + height, 30);
                free(file.data);
            }
        free(plain.data);
    }
    image_free(&drawn);
}

static void cut_files(void **state)
{
    (void)state;
    static const char *const text[] = {
        "is a damaged JPEG: ", "is a damaged PNG: ", "is a damaged WebP: "};
    Image drawn = paint(60, 44, 8);
    for (Format format = 0; format < FORMATS; format++) {
        Bytes plain = make_file(format, &drawn), file = with_orientation(format, plain, &drawn, 6);
        check_cuts(file, 8, text[format], format_name[format]);
        free(plain.data);
        free(file.data);
    }
    image_free(&drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_person_sees_it), cmocka_unit_test(every_format),
        cmocka_unit_test(buffers_are_reused),  cmocka_unit_test(other_statements),
        cmocka_unit_test(damaged_blocks),      cmocka_unit_test(cut_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
