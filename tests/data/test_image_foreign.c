/* What is said of files that are no pictures, or none that can be read. */
#include "pictures.h"

static void check_text(const char *data, size_t bytes, const char *text)
{
    Error err = {0};
    int width, height;
    /* an own block, so that reading behind its end is seen */
    uint8_t *copy = malloc(bytes > 0 ? bytes : 1);
    memcpy(copy, data, bytes);
    assert_false(image_size(copy, bytes, &width, &height, &err));
    check_error(&err, text);
    assert_int_equal(strlen(err.text), strlen(text));
    assert_int_equal(err.kind, ERROR_DATA);
    err = (Error){0};
    assert_false(decodes((Bytes){copy, bytes}, &err));
    check_error(&err, text);
    free(copy);
}

#define CHECK_TEXT(data, text) check_text(data, sizeof(data) - 1, text)
#define CONVERT "; convert it to JPEG, PNG or WebP"
#define NO_PICTURE "is no JPEG, PNG or WebP picture"

static void pictures_of_other_kinds(void **state)
{
    (void)state;
    CHECK_TEXT("GIF89a\1\0\1\0", "is a GIF picture" CONVERT);
    CHECK_TEXT("BM\x36\0\0\0\0\0", "is a BMP picture" CONVERT);
    CHECK_TEXT("II*\0\x08\0\0\0", "is a TIFF picture" CONVERT);
    CHECK_TEXT("MM\0*\0\0\0\x08", "is a TIFF picture" CONVERT);
    CHECK_TEXT("\0\0\0\x18"
               "ftypheic\0\0\0\0",
               "is a HEIC picture" CONVERT);
    CHECK_TEXT("\0\0\0\x18"
               "ftypmif1\0\0\0\0",
               "is a HEIC picture" CONVERT);
    CHECK_TEXT("\0\0\0\x18"
               "ftypavif\0\0\0\0",
               "is an AVIF picture" CONVERT);
    CHECK_TEXT("\0\0\0\x0CJXL \r\n\x87\n", "is a JPEG XL picture" CONVERT);
    CHECK_TEXT("\0\0\0\x0CjP  \r\n\x87\n", "is a JPEG 2000 picture" CONVERT);
    CHECK_TEXT("8BPS\0\1", "is a Photoshop picture" CONVERT);
}

static void no_pictures(void **state)
{
    (void)state;
    CHECK_TEXT("", "is empty");
    CHECK_TEXT("path,type\na.jpg,x\n", NO_PICTURE "; it looks like text");
    CHECK_TEXT("a", NO_PICTURE "; it looks like text");
    CHECK_TEXT("  \n", NO_PICTURE "; it looks like text");
    CHECK_TEXT("\xEF\xBB\xBF", NO_PICTURE "; it looks like text");
    CHECK_TEXT("\n <!DOCTYPE html><html>404", NO_PICTURE "; it looks like a web page (HTML)");
    CHECK_TEXT("<HTML>", NO_PICTURE "; it looks like a web page (HTML)");
    CHECK_TEXT("<?xml version='1.0'?><svg/>", NO_PICTURE "; it looks like an SVG drawing");
    CHECK_TEXT("%PDF-1.7\n", NO_PICTURE "; it looks like a PDF document");
    CHECK_TEXT("PK\3\4\x14\0", NO_PICTURE "; it looks like a ZIP archive");
    CHECK_TEXT("\0\0\0\x18"
               "ftypisom",
               NO_PICTURE "; it looks like a film");
    CHECK_TEXT("\0\0\0\0\0\0\0\0\0\0",
               NO_PICTURE "; it looks like zeros, as a copy that was broken off leaves them");
    CHECK_TEXT("RIFF\x10\0\0\0WAVEfmt ", NO_PICTURE);
    CHECK_TEXT("\xFF\xD8", NO_PICTURE);
}

static void beginnings(void **state)
{
    (void)state;
    Error err;
    assert_false(decodes((Bytes){(uint8_t *)"\xFF\xD8\xFF", 3}, &err));
    check_error(&err, "is a damaged JPEG: Premature end of JPEG file");
    assert_false(decodes((Bytes){(uint8_t *)"\xFF\xD8\xFF\xE0hello, world", 16}, &err));
    check_error(&err, "is a damaged JPEG: ");
    assert_false(decodes((Bytes){(uint8_t *)"\x89PNG\r\n\x1A\n", 8}, &err));
    check_error(&err, "is a damaged PNG: premature end of the file");
    assert_false(decodes((Bytes){(uint8_t *)"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\0", 20}, &err));
    check_error(&err, "is a damaged PNG: ");
    assert_false(decodes((Bytes){(uint8_t *)"RIFF\x20\0\0\0WEBP", 12}, &err));
    check_error(&err, "is a damaged WebP: premature end of the file");
    assert_false(decodes(
        (Bytes){(uint8_t *)"RIFF\x20\0\0\0WEBPVP8 \x14\0\0\0hello, hello, hello,", 40}, &err));
    check_error(&err, "is a damaged WebP: its data is not as the format demands");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_of_other_kinds),
        cmocka_unit_test(no_pictures),
        cmocka_unit_test(beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
