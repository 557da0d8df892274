/* Decoding: regions equal the whole, kinds of JPEG and PNG equal what was drawn, damage is an
 * error. */
#include "pictures.h"

static const JpegKind kinds[] = {
    {"4:4:4", JCS_YCbCr, 1, 1, 0, 0},
    {"4:2:2", JCS_YCbCr, 2, 1, 0, 0},
    {"4:2:0", JCS_YCbCr, 2, 2, 0, 0},
    {"4:4:0", JCS_YCbCr, 1, 2, 0, 0},
    {"4:2:0 progressive", JCS_YCbCr, 2, 2, CODING_PROGRESSIVE, 0},
    {"4:2:0 restarts", JCS_YCbCr, 2, 2, 0, 1},
    {"grey", JCS_GRAYSCALE, 1, 1, 0, 0},
    {"RGB", JCS_RGB, 1, 1, 0, 0},
    {"4:2:0 arithmetic", JCS_YCbCr, 2, 2, CODING_ARITHMETIC, 0},
    {"progressive arithmetic", JCS_YCbCr, 1, 1, CODING_PROGRESSIVE | CODING_ARITHMETIC, 0},
    {"CMYK", JCS_CMYK, 1, 1, 0, 0},
    {"YCCK progressive", JCS_YCCK, 1, 1, CODING_PROGRESSIVE, 0},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* --- JPEG */

static void regions_equal_the_whole(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        Image drawn = paint(211, 157, 1);
        Bytes file = make_jpeg(&drawn, &kinds[k], 85);
        check_regions(file, 211, 157, 8, 50, 0, kinds[k].name);
        image_free(&drawn);
        free(file.data);
    }
}

/* Against the library used plainly. */
static void whole_equals_plain_libjpeg(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++) {
        if (has_four_inks(&kinds[k])) continue; /* the library does not turn them into RGB */
        Image drawn = paint(75, 50, 2), image = {0};
        Bytes file = make_jpeg(&drawn, &kinds[k], 90);
        Rect covered;
        decode(&image, &covered, file, whole(75, 50), 1);
        struct jpeg_decompress_struct jpeg;
        struct jpeg_error_mgr errors;
        jpeg.err = jpeg_std_error(&errors);
        jpeg_create_decompress(&jpeg);
        jpeg_mem_src(&jpeg, file.data, file.bytes);
        jpeg_read_header(&jpeg, TRUE);
        jpeg.out_color_space = JCS_RGB;
        jpeg_start_decompress(&jpeg);
        for (int y = 0; y < 50; y++) {
            uint8_t line[75 * 3], *row = line;
            jpeg_read_scanlines(&jpeg, &row, 1);
            for (int x = 0; x < 75; x++)
                assert_memory_equal(line + 3 * x, image.pixels + 4 * (75 * y + x), 3);
        }
        jpeg_destroy_decompress(&jpeg);
        image_free(&drawn);
        image_free(&image);
        free(file.data);
    }
}

/* Light is the product of what the coloured and the black ink let through, as Pillow has it. */
static void check_inks(Bytes file, const Image *drawn, const char *name)
{
    Image image = {0};
    Rect covered;
    decode(&image, &covered, file, whole(64, 64), 1);
    for (size_t i = 0; i < 64 * 64; i++)
        for (size_t c = 0; c < 3; c++) {
            int light = drawn->pixels[4 * i + c] * drawn->pixels[4 * i + 3] / 255;
            if (abs(image.pixels[4 * i + c] - light) > 4)
                fail_msg("%s: pixel %zu channel %zu is %d, not %d", name, i, c,
                         image.pixels[4 * i + c], light);
        }
    image_free(&image);
}

/* Adobe's marker, APP14, tells YCCK from CMYK; its absence leaves inks inverted. */
static Bytes without_adobe_marker(Bytes file)
{
    uint8_t *marker = memmem(file.data, file.bytes,
                             "\xFF\xEE\0\x0E"
                             "Adobe",
                             9);
    assert_non_null(marker);
    size_t before = (size_t)(marker - file.data);
    Bytes out = {malloc(file.bytes), file.bytes - 16};
    memcpy(out.data, file.data, before);
    memcpy(out.data + before, marker + 16, out.bytes - before);
    return out;
}

static void inks_become_light(void **state)
{
    (void)state;
    Image drawn = paint(64, 64, 3);
    for (size_t i = 0; i < 64 * 64; i++) {
        uint8_t *pixel = drawn.pixels + 4 * i;
        pixel[0] = 200, pixel[1] = 100, pixel[2] = 30, pixel[3] = i < 32 * 64 ? 255 : 127;
    }
    for (int k = 0; k < KINDS; k++) {
        if (!has_four_inks(&kinds[k])) continue;
        Bytes file = make_jpeg(&drawn, &kinds[k], 95);
        check_inks(file, &drawn, kinds[k].name);
        if (kinds[k].colours == JCS_CMYK) {
            Bytes bare = without_adobe_marker(file);
            check_inks(bare, &drawn, "CMYK without a marker");
            free(bare.data);
        }
        free(file.data);
    }
    image_free(&drawn);
}

static void jpeg_round_trip(void **state)
{
    (void)state;
    Image drawn = paint(120, 80, 4), image = {0};
    for (size_t i = 0; i < 120 * 80; i++) /* grey: 4:2:0 takes nothing from it */
        memset(drawn.pixels + 4 * i, drawn.pixels[4 * i], 3);
    Error err = {0};
    Bytes file;
    Rect covered;
    assert_true(image_encode_jpeg(&drawn, 95, &file.data, &file.bytes, &err));
    int width, height;
    assert_true(image_size(file.data, file.bytes, &width, &height, &err));
    assert_int_equal(width, 120);
    assert_int_equal(height, 80);
    decode(&image, &covered, file, whole(120, 80), 1);
    double squares = 0;
    for (size_t i = 0; i < 120 * 80; i++)
        for (size_t c = 0; c < 3; c++) {
            double difference = (double)image.pixels[4 * i + c] - drawn.pixels[4 * i + c];
            squares += difference * difference;
        }
    assert_true(squares / (120 * 80 * 3) < 12);
    image_free(&drawn);
    image_free(&image);
    free(file.data);
}

static void buffer_is_reused(void **state)
{
    (void)state;
    Image large = paint(90, 70, 5), small = paint(20, 10, 6), image = {0};
    Bytes first = make_jpeg(&large, &kinds[2], 80), second = make_jpeg(&small, &kinds[2], 80);
    Rect covered;
    decode(&image, &covered, first, whole(90, 70), 1);
    uint8_t *pixels = image.pixels;
    decode(&image, &covered, second, whole(20, 10), 1);
    assert_ptr_equal(image.pixels, pixels);
    assert_int_equal(image.width, 20);
    image_free(&large);
    image_free(&small);
    image_free(&image);
    free(first.data);
    free(second.data);
}

/* --- PNG */

/* What pixel x,y of each kind holds: a sample from 0 to `most` per channel. */
static int sample(int x, int y, int channel, int most)
{
    return (x * 37 + y * 91 + channel * 53) * (most / 255 + 1) % (most + 1);
}

/* `value` of 0 … most as one of 0 … 255, rounded to nearest. */
static int to_byte(int value, int most)
{
    return (int)((value * 255.0) / most + 0.5);
}

static void put_sample(uint8_t *row, int depth, int index, int value)
{
    if (depth == 16) {
        row[2 * index] = (uint8_t)(value >> 8);
        row[2 * index + 1] = (uint8_t)value;
    } else {
        row[index * depth / 8] |= (uint8_t)(value << (8 - depth - index * depth % 8));
    }
}

static void check_png(const PngKind *kind, const png_color *palette, int colours)
{
    enum { WIDTH = 29, HEIGHT = 23, PITCH = WIDTH * 8 };
    bool indexed = kind->colours == PNG_COLOR_TYPE_PALETTE;
    bool grey = !(kind->colours & PNG_COLOR_MASK_COLOR),
         alpha = kind->colours & PNG_COLOR_MASK_ALPHA;
    int channels = (grey || indexed ? 1 : 3) + alpha,
        most = indexed ? colours - 1 : (1 << kind->depth) - 1;
    uint8_t *rows = calloc(HEIGHT, PITCH);
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < WIDTH * channels; i++)
            put_sample(rows + y * PITCH, kind->depth, i,
                       sample(i / channels, y, i % channels, most));
    Bytes file = make_png(WIDTH, HEIGHT, kind, rows, PITCH, palette, colours);
    Image image = {0};
    Rect covered;
    decode(&image, &covered, file, (Rect){5, 5, 3, 3}, 4);
    assert_int_equal(covered.width, WIDTH);
    assert_int_equal(covered.height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++) {
                double value = to_byte(sample(x, y, grey ? 0 : c, most), most);
                if (indexed) {
                    const png_color *entry = &palette[sample(x, y, 0, most)];
                    value = c == 0 ? entry->red : c == 1 ? entry->green : entry->blue;
                }
                double opaque = alpha ? to_byte(sample(x, y, channels - 1, most), most) / 255.0 : 1;
                double wanted = value * opaque + 255 * (1 - opaque);
                int got = image.pixels[4 * (y * WIDTH + x) + c];
                if (got < wanted - 0.51 || got > wanted + 0.51)
                    fail_msg("%s: pixel %d,%d channel %d is %d, not %g", kind->name, x, y, c, got,
                             wanted);
            }
    image_free(&image);
    free(rows);
    free(file.data);
}

static void png_kinds(void **state)
{
    (void)state;
    static const png_color palette[5] = {
        {255, 0, 0}, {0, 200, 10}, {3, 4, 250}, {9, 9, 9}, {255, 255, 1}};
    static const PngKind list[] = {
        {"grey 1", PNG_COLOR_TYPE_GRAY, 1, false, NULL, 0, NULL},
        {"grey 2", PNG_COLOR_TYPE_GRAY, 2, false, NULL, 0, NULL},
        {"grey 4", PNG_COLOR_TYPE_GRAY, 4, false, NULL, 0, NULL},
        {"grey 8", PNG_COLOR_TYPE_GRAY, 8, false, NULL, 0, NULL},
        {"grey 16", PNG_COLOR_TYPE_GRAY, 16, false, NULL, 0, NULL},
        {"RGB 8", PNG_COLOR_TYPE_RGB, 8, false, NULL, 0, NULL},
        {"RGB 16", PNG_COLOR_TYPE_RGB, 16, false, NULL, 0, NULL},
        {"grey alpha 8", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, NULL, 0, NULL},
        {"grey alpha 16", PNG_COLOR_TYPE_GRAY_ALPHA, 16, false, NULL, 0, NULL},
        {"RGBA 8", PNG_COLOR_TYPE_RGB_ALPHA, 8, false, NULL, 0, NULL},
        {"RGBA 16", PNG_COLOR_TYPE_RGB_ALPHA, 16, false, NULL, 0, NULL},
        {"RGB interlaced", PNG_COLOR_TYPE_RGB, 8, true, NULL, 0, NULL},
        {"grey 2 interl.", PNG_COLOR_TYPE_GRAY, 2, true, NULL, 0, NULL},
        {"palette 4", PNG_COLOR_TYPE_PALETTE, 4, false, NULL, 0, NULL},
        {"palette 8", PNG_COLOR_TYPE_PALETTE, 8, true, NULL, 0, NULL},
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        bool indexed = list[k].colours == PNG_COLOR_TYPE_PALETTE;
        check_png(&list[k], indexed ? palette : NULL, indexed ? 5 : 0);
    }
}

/* Chunk tRNS: what is named there lets white through. */
static void png_transparency(void **state)
{
    (void)state;
    static const uint8_t entry_alpha[3] = {255, 0, 51};
    static const png_color palette[3] = {{10, 20, 30}, {40, 50, 60}, {0, 100, 255}};
    static const png_color_16 grey_key = {.gray = 9}, rgb_key = {0, 1, 2, 3, 0};
    static const struct {
        PngKind kind;
        uint8_t row[9];      /* three pixels */
        uint8_t expected[9]; /* RGB */
    } list[] = {
        {{"palette", PNG_COLOR_TYPE_PALETTE, 8, false, entry_alpha, 3, NULL},
         {0, 1, 2},
         {10, 20, 30, 255, 255, 255, 204, 224, 255}},
        {{"grey", PNG_COLOR_TYPE_GRAY, 8, false, NULL, 0, &grey_key},
         {9, 10, 0},
         {255, 255, 255, 10, 10, 10, 0, 0, 0}},
        {{"RGB", PNG_COLOR_TYPE_RGB, 8, false, NULL, 0, &rgb_key},
         {1, 2, 3, 1, 2, 4, 0, 0, 0},
         {255, 255, 255, 1, 2, 4, 0, 0, 0}},
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        bool indexed = list[k].kind.colours == PNG_COLOR_TYPE_PALETTE;
        uint8_t row[9];
        memcpy(row, list[k].row, sizeof row);
        Bytes file = make_png(3, 1, &list[k].kind, row, sizeof row, indexed ? palette : NULL,
                              indexed ? 3 : 0);
        Image image = {0};
        Rect covered;
        decode(&image, &covered, file, whole(3, 1), 1);
        for (int x = 0; x < 3; x++)
            assert_memory_equal(image.pixels + 4 * x, list[k].expected + 3 * x, 3);
        image_free(&image);
        free(file.data);
    }
}

/* --- damage */

static void cut_files(void **state)
{
    (void)state;
    Image drawn = paint(60, 44, 8);
    for (int k = 0; k < KINDS; k++) {
        Bytes file = make_jpeg(&drawn, &kinds[k], 80);
        check_cuts(file, 8, "is a damaged JPEG: ", kinds[k].name);
        free(file.data);
    }
    Bytes png = make_rgb_png(&drawn);
    check_cuts(png, 0, "is a damaged PNG: premature end of the file", "PNG");
    free(png.data);
    image_free(&drawn);
}

static void flipped_bytes(void **state)
{
    (void)state;
    Image drawn = paint(50, 40, 9);
    /* Behind the size, which may well ask for gigabytes. */
    for (int k = 0; k < KINDS; k++) {
        Bytes file = make_jpeg(&drawn, &kinds[k], 80);
        check_flips(file, 240);
        free(file.data);
    }
    Bytes png = make_rgb_png(&drawn);
    check_flips(png, 29);
    free(png.data);
    image_free(&drawn);
}

static void sides_are_limited(void **state)
{
    (void)state;
    Image drawn = paint(16, 16, 10);
    Bytes jpeg = make_jpeg(&drawn, &kinds[0], 80), png = make_rgb_png(&drawn);
    Error err = {0};
    int width, height;
    for (size_t i = 0; i + 8 < jpeg.bytes; i++)
        if (jpeg.data[i] == 0xFF && jpeg.data[i + 1] == 0xC0) jpeg.data[i + 5] = 0xF0; /* height */
    assert_false(image_size(jpeg.data, jpeg.bytes, &width, &height, &err));
    check_error(&err, "is 16 x 61456 pixels; sides from 1 to 32768 are possible");
    assert_false(decodes(jpeg, &err));
    uint8_t *header = png.data + 12; /* "IHDR", width, height, …, checksum */
    header[5] = 1;
    uint32_t crc = png_checksum(header, 17);
    for (int b = 0; b < 4; b++) header[17 + b] = (uint8_t)(crc >> (24 - 8 * b));
    assert_false(decodes(png, &err));
    check_error(&err, "is 65552 x 16 pixels; sides from 1 to 32768 are possible");
    image_free(&drawn);
    free(jpeg.data);
    free(png.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_equal_the_whole), cmocka_unit_test(whole_equals_plain_libjpeg),
        cmocka_unit_test(inks_become_light),       cmocka_unit_test(jpeg_round_trip),
        cmocka_unit_test(buffer_is_reused),        cmocka_unit_test(png_kinds),
        cmocka_unit_test(png_transparency),        cmocka_unit_test(cut_files),
        cmocka_unit_test(flipped_bytes),           cmocka_unit_test(sides_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
