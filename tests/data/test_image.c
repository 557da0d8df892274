/* Decoding: regions equal the whole, kinds of JPEG and PNG equal what was drawn, damage is an
 * error. */
#include "pictures.h"

static const JpegKind kinds[] = {
    {"4:4:4", JCS_YCbCr, 1, 1, false, 0, false},
    {"4:2:2", JCS_YCbCr, 2, 1, false, 0, false},
    {"4:2:0", JCS_YCbCr, 2, 2, false, 0, false},
    {"4:4:0", JCS_YCbCr, 1, 2, false, 0, false},
    {"4:2:0 progressive", JCS_YCbCr, 2, 2, true, 0, false},
    {"4:2:0 restarts", JCS_YCbCr, 2, 2, false, 1, false},
    {"grey", JCS_GRAYSCALE, 1, 1, false, 0, false},
    {"4:2:0 arithmetic", JCS_YCbCr, 2, 2, false, 0, true},
    {"progressive arithmetic", JCS_YCbCr, 1, 1, true, 0, true},
    {"CMYK", JCS_CMYK, 1, 1, false, 0, false},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static Rect whole(int width, int height)
{
    return (Rect){0, 0, width, height};
}

static void decode(Image *image, Rect *covered, Bytes file, Rect region, int reduce)
{
    Error err = {0};
    image_decode(image, covered, file.data, file.bytes, region, reduce, &err);
    check_no_error(&err);
}

static bool decodes(Bytes file, Error *err)
{
    Image image = {0};
    Rect covered;
    *err = (Error){0};
    bool ok = image_decode(&image, &covered, file.data, file.bytes,
                           whole(IMAGE_SIDE_MAX, IMAGE_SIDE_MAX), 1, err);
    image_free(&image);
    assert_int_equal(ok, err->kind == ERROR_NONE);
    return ok;
}

/* --- JPEG */

/* Every pixel of `part` that lies in `region` equals that of `full`. */
static void check_region(const Image *full, const Image *part, Rect covered, Rect region,
                         int reduce, const char *name)
{
    int right = region.x + region.width, bottom = region.y + region.height;
    assert_true(covered.x <= region.x && covered.y <= region.y);
    assert_true(covered.x + covered.width >= right && covered.y + covered.height >= bottom);
    assert_int_equal(covered.width, part->width * reduce);
    assert_int_equal(covered.height, part->height * reduce);
    for (int y = region.y / reduce; y < (bottom + reduce - 1) / reduce; y++)
        for (int x = region.x / reduce; x < (right + reduce - 1) / reduce; x++) {
            const uint8_t *a = full->pixels + 4 * ((size_t)y * (size_t)full->width + (size_t)x);
            const uint8_t *b =
                part->pixels + 4 * ((size_t)(y - covered.y / reduce) * (size_t)part->width +
                                    (size_t)(x - covered.x / reduce));
            if (memcmp(a, b, 4) != 0)
                fail_msg("%s: 1/%d, region %d,%d %dx%d: pixel %d,%d differs", name, reduce,
                         region.x, region.y, region.width, region.height, x, y);
        }
}

static void regions_equal_the_whole(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (int k = 0; k < KINDS; k++) {
        Image drawn = paint(211, 157, 1), full = {0}, part = {0};
        Bytes file = make_jpeg(&drawn, &kinds[k], 85);
        for (int reduce = 1; reduce <= 8; reduce *= 2) {
            Rect covered;
            decode(&full, &covered, file, whole(211, 157), reduce);
            for (int i = 0; i < 60; i++) {
                Rect region = {next_below(&random, 200), next_below(&random, 150), 0, 0};
                region.width = 1 + next_below(&random, 211 - region.x);
                region.height = 1 + next_below(&random, 157 - region.y);
                decode(&part, &covered, file, region, reduce);
                check_region(&full, &part, covered, region, reduce, kinds[k].name);
            }
        }
        image_free(&drawn);
        image_free(&full);
        image_free(&part);
        free(file.data);
    }
}

/* Against the library used plainly. */
static void whole_equals_plain_libjpeg(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS - 1; k++) { /* the library does not turn CMYK into RGB */
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

/* Full light of the black ink: what is left are the three colours themselves. */
static void cmyk_becomes_rgb(void **state)
{
    (void)state;
    Image drawn = paint(64, 64, 3), image = {0};
    for (size_t i = 0; i < 64 * 64; i++) {
        uint8_t *pixel = drawn.pixels + 4 * i;
        pixel[0] = 200, pixel[1] = 100, pixel[2] = 30, pixel[3] = i < 32 * 64 ? 255 : 127;
    }
    Bytes file = make_jpeg(&drawn, &kinds[KINDS - 1], 95);
    Rect covered;
    decode(&image, &covered, file, whole(64, 64), 1);
    for (int c = 0; c < 3; c++) {
        int light = drawn.pixels[c];
        assert_in_range(image.pixels[4 * (8 * 64 + 8) + c] + 3 - light, 0, 6);
        assert_in_range(image.pixels[4 * (56 * 64 + 8) + c] + 3 - light * 127 / 255, 0, 6);
    }
    image_free(&drawn);
    image_free(&image);
    free(file.data);
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
        {"grey 1", PNG_COLOR_TYPE_GRAY, 1, false},
        {"grey 2", PNG_COLOR_TYPE_GRAY, 2, false},
        {"grey 4", PNG_COLOR_TYPE_GRAY, 4, false},
        {"grey 8", PNG_COLOR_TYPE_GRAY, 8, false},
        {"grey 16", PNG_COLOR_TYPE_GRAY, 16, false},
        {"RGB 8", PNG_COLOR_TYPE_RGB, 8, false},
        {"RGB 16", PNG_COLOR_TYPE_RGB, 16, false},
        {"grey alpha 8", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false},
        {"grey alpha 16", PNG_COLOR_TYPE_GRAY_ALPHA, 16, false},
        {"RGBA 8", PNG_COLOR_TYPE_RGB_ALPHA, 8, false},
        {"RGBA 16", PNG_COLOR_TYPE_RGB_ALPHA, 16, false},
        {"RGB interlaced", PNG_COLOR_TYPE_RGB, 8, true},
        {"grey 2 interl.", PNG_COLOR_TYPE_GRAY, 2, true},
        {"palette 4", PNG_COLOR_TYPE_PALETTE, 4, false},
        {"palette 8", PNG_COLOR_TYPE_PALETTE, 8, true},
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        bool indexed = list[k].colours == PNG_COLOR_TYPE_PALETTE;
        check_png(&list[k], indexed ? palette : NULL, indexed ? 5 : 0);
    }
}

/* --- damage */

static void foreign_data(void **state)
{
    (void)state;
    Error err;
    assert_false(decodes((Bytes){(uint8_t *)"", 0}, &err));
    check_error(&err, "is empty");
    assert_false(decodes((Bytes){(uint8_t *)"path,type\n", 10}, &err));
    check_error(&err, "is no JPEG, PNG or WebP picture");
    assert_false(decodes((Bytes){(uint8_t *)"\xFF\xD8\xFF", 3}, &err));
    check_error(&err, "is a damaged JPEG");
    assert_false(decodes((Bytes){(uint8_t *)"\x89PNG\r\n\x1A\n", 8}, &err));
    check_error(&err, "is a damaged PNG: premature end of the file");
}

static void cut_files(void **state)
{
    (void)state;
    Image drawn = paint(60, 44, 8);
    for (int k = 0; k <= KINDS; k++) {
        Bytes file = k < KINDS ? make_jpeg(&drawn, &kinds[k], 80) : make_rgb_png(&drawn);
        Error err;
        assert_true(decodes(file, &err));
        for (size_t length = 3; length + 8 < file.bytes; length += 1 + file.bytes / 150) {
            /* an own block, so that reading behind its end is seen */
            Bytes cut = {malloc(length), length};
            memcpy(cut.data, file.data, length);
            if (decodes(cut, &err))
                fail_msg("kind %d: %zu of %zu bytes pass for a whole file", k, length, file.bytes);
            if (length > 8)
                check_error(&err, k < KINDS ? "is a damaged JPEG: " : "is a damaged PNG: ");
            free(cut.data);
        }
        free(file.data);
    }
    image_free(&drawn);
}

/* Nothing is promised but that it ends and stays within its memory. */
static void flipped_bytes(void **state)
{
    (void)state;
    Image drawn = paint(50, 40, 9);
    uint32_t random = 11;
    for (int k = 0; k <= KINDS; k++) {
        Bytes file = k < KINDS ? make_jpeg(&drawn, &kinds[k], 80) : make_rgb_png(&drawn);
        Error err;
        int failed = 0;
        for (int i = 0; i < 150; i++) {
            Bytes copy = {malloc(file.bytes), file.bytes};
            memcpy(copy.data, file.data, file.bytes);
            /* Behind the size, which may well ask for gigabytes. */
            int header = k < KINDS ? 240 : 29;
            copy.data[header + next_below(&random, (int)file.bytes - header)] ^=
                (uint8_t)(1 + next_below(&random, 255));
            failed += !decodes(copy, &err);
            free(copy.data);
        }
        assert_true(failed > 0);
        free(file.data);
    }
    image_free(&drawn);
}

/* CRC-32 as PNG has it. */
static uint32_t png_checksum(const uint8_t *data, int bytes)
{
    uint32_t crc = 0xFFFFFFFFU;
    for (int i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
    }
    return ~crc;
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
        cmocka_unit_test(regions_equal_the_whole),
        cmocka_unit_test(whole_equals_plain_libjpeg),
        cmocka_unit_test(cmyk_becomes_rgb),
        cmocka_unit_test(jpeg_round_trip),
        cmocka_unit_test(buffer_is_reused),
        cmocka_unit_test(png_kinds),
        cmocka_unit_test(foreign_data),
        cmocka_unit_test(cut_files),
        cmocka_unit_test(flipped_bytes),
        cmocka_unit_test(sides_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
