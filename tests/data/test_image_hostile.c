/* Files made to cost much: the header's claim is held against the file's size before there is any memory
 * for it, and work is bounded. */
#include "pictures.h"

static void check_refused(Bytes file, const char *part)
{
    Image image = {0};
    Rect covered;
    Error err = {0};
    int width = 0, height = 0;
    image_size(file.data, file.bytes, &width, &height, &err);
    if (err.kind == ERROR_NONE) {
        Rect whole = {0, 0, width, height};
        assert_false(image_decode(&image, &covered, file.data, file.bytes, whole, 1, &err));
    }
    check_error(&err, part);
    assert_null(image.pixels);
    image_free(&image);
}

static const JpegKind plain = {"4:4:4", JCS_YCbCr, 1, 1, 0, 0};

/* Height and width, high bytes first, behind the frame's marker, its length and its depth. */
static void claim_jpeg(Bytes file, int width, int height)
{
    for (size_t i = 0; i + 9 < file.bytes; i++)
        if (file.data[i] == 0xFF && file.data[i + 1] == 0xC0) {
            uint8_t sides[4] = {height >> 8, height & 255, width >> 8, width & 255};
            memcpy(file.data + i + 5, sides, sizeof sides);
            return;
        }
    fail();
}

static void claim_png(Bytes file, int width, int height)
{
    uint8_t *header = file.data + 12; /* "IHDR", width, height, …, checksum */
    for (int b = 0; b < 4; b++) {
        header[4 + b] = (uint8_t)(width >> (24 - 8 * b));
        header[8 + b] = (uint8_t)(height >> (24 - 8 * b));
    }
    uint32_t crc = png_checksum(header, 17);
    for (int b = 0; b < 4; b++) header[17 + b] = (uint8_t)(crc >> (24 - 8 * b));
}

static void claims_beyond_the_file(void **state)
{
    (void)state;
    Image drawn = paint(16, 16, 10);
    Bytes jpeg = make_jpeg(&drawn, &plain, 80), png = make_rgb_png(&drawn);
    claim_jpeg(jpeg, 2000, 2000);
    check_refused(jpeg, "bytes cannot hold 2000 x 2000 pixels");
    claim_png(png, 3000, 2000);
    check_refused(png, "bytes cannot hold 3000 x 2000 pixels");
    claim_jpeg(jpeg, 32768, 8193);
    check_refused(jpeg, "is 32768 x 8193 pixels; at most 268435456 together are possible");
    claim_png(png, 32768, 8193);
    check_refused(png, "is 32768 x 8193 pixels; at most 268435456 together are possible");
    free(jpeg.data);
    free(png.data);
    image_free(&drawn);
}

/* The densest that the formats allow is no claim too much. */
static void flat_pictures(void **state)
{
    (void)state;
    Image white = paint(2048, 2048, 1), image = {0};
    memset(white.pixels, 255, white.capacity);
    Rect covered, whole = {0, 0, 2048, 2048};
    Bytes file[] = {make_jpeg(&white, &plain, 1), make_rgb_png(&white)};
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        Error err = {0};
        image_decode(&image, &covered, file[i].data, file[i].bytes, whole, 1, &err);
        check_no_error(&err);
        assert_int_equal(image.pixels[0], 255);
        free(file[i].data);
    }
    image_free(&image);
    image_free(&white);
}

/* A scan per coefficient: 1 + 2 * 63 of a grey picture's 64, in two steps each. */
static Bytes make_many_scans(const Image *image)
{
    enum { SCANS = 1 + 2 * 63 };
    static jpeg_scan_info scan[SCANS] = {{.comps_in_scan = 1}};
    for (int k = 1; k < 64; k++) {
        scan[k] = (jpeg_scan_info){.comps_in_scan = 1, .Ss = k, .Se = k, .Al = 1};
        scan[63 + k] = (jpeg_scan_info){.comps_in_scan = 1, .Ss = k, .Se = k, .Ah = 1};
    }
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long bytes = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &bytes);
    jpeg.image_width = (JDIMENSION)image->width;
    jpeg.image_height = (JDIMENSION)image->height;
    jpeg.input_components = 4;
    jpeg.in_color_space = JCS_EXT_RGBX;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, JCS_GRAYSCALE);
    jpeg.scan_info = scan;
    jpeg.num_scans = SCANS;
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = image->pixels + 4 * (size_t)jpeg.next_scanline * (size_t)image->width;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (Bytes){data, bytes};
}

static void scans_are_limited(void **state)
{
    (void)state;
    Image drawn = paint(40, 30, 3), image = {0};
    Bytes file = make_many_scans(&drawn);
    Rect covered;
    Error err = {0};
    assert_false(
        image_decode(&image, &covered, file.data, file.bytes, (Rect){0, 0, 40, 30}, 1, &err));
    check_error(&err, "is a damaged JPEG: more than 100 scans");
    free(file.data);
    image_free(&image);
    image_free(&drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_beyond_the_file),
        cmocka_unit_test(flat_pictures),
        cmocka_unit_test(scans_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
