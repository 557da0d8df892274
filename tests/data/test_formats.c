/*
 * Every kind of picture against what Pillow makes of it (make_pictures.py): pixels, upright, over
 * white; whole and in parts; and cut short, which must be an error and never a crash.
 */
#include "check.h"

#include "data/image.h"
#include "io/file.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/umbel-formats-XXXXXX";

typedef struct Picture {
    char name[64];
    int tolerance;
    uint8_t *data;
    size_t bytes;
    int width, height;
    uint8_t *raw, *rgb; /* rgb points into raw */
} Picture;

static Picture *pictures;
static int count;

static void *read_whole(const char *name, const char *ending, size_t *bytes)
{
    char path[256];
    uint8_t *data;
    Error err = {0};
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    if (!file_read(path, &data, bytes, &err)) fail_msg("%s", err.text);
    return data;
}

static int make_pictures(void **state)
{
    (void)state;
    char command[256];
    assert_non_null(mkdtemp(folder));
    const char *python = getenv("PYTHON");
    snprintf(command, sizeof command, "%s tests/data/make_pictures.py %s",
             python ? python : "/usr/bin/python3", folder);
    assert_int_equal(system(command), 0);
    size_t bytes;
    char *list = read_whole("list", "", &bytes), *rest = list, *line;
    pictures = calloc(100, sizeof *pictures);
    while ((line = strtok_r(rest, "\n", &rest)) && count < 100) {
        Picture *p = &pictures[count++];
        assert_int_equal(sscanf(line, "%63s %d", p->name, &p->tolerance), 2);
        p->data = read_whole(p->name, "", &p->bytes);
        p->raw = read_whole(p->name, ".raw", &bytes);
        memcpy(&p->width, p->raw, 4);
        memcpy(&p->height, p->raw + 4, 4);
        p->rgb = p->raw + 8;
    }
    free(list);
    assert_true(count > 30);
    return 0;
}

static int remove_pictures(void **state)
{
    (void)state;
    char command[256];
    for (int i = 0; i < count; i++) free(pictures[i].data), free(pictures[i].raw);
    free(pictures);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* The decoded pixels that lie in the picture, against Pillow's. */
static void compare(const Picture *p, const Image *image, Rect covered)
{
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            int px = covered.x + x, py = covered.y + y;
            if (px < 0 || py < 0 || px >= p->width || py >= p->height) continue;
            for (int c = 0; c < 3; c++) {
                int found = image->pixels[4 * (y * image->width + x) + c];
                int wanted = p->rgb[3 * (py * p->width + px) + c];
                if (abs(found - wanted) > p->tolerance)
                    fail_msg("%s: pixel %d,%d channel %d is %d, not %d", p->name, px, py, c, found,
                             wanted);
            }
        }
}

static void decode_part(const Picture *p, Rect region)
{
    Image image = {0};
    Rect covered;
    Error err = {0};
    if (!image_decode(&image, &covered, p->data, p->bytes, region, 1, &err))
        fail_msg("%s: %s", p->name, err.text);
    assert_true(covered.x <= region.x && covered.y <= region.y);
    assert_true(covered.x + covered.width >= region.x + region.width);
    assert_true(covered.y + covered.height >= region.y + region.height);
    assert_int_equal(covered.width, image.width);
    assert_int_equal(covered.height, image.height);
    compare(p, &image, covered);
    image_free(&image);
}

static void test_whole(void **state)
{
    (void)state;
    for (int i = 0; i < count; i++) {
        const Picture *p = &pictures[i];
        int width, height;
        Error err = {0};
        if (!image_size(p->data, p->bytes, &width, &height, &err))
            fail_msg("%s: %s", p->name, err.text);
        assert_int_equal(width, p->width);
        assert_int_equal(height, p->height);
        decode_part(p, (Rect){0, 0, width, height});
    }
}

static void test_parts(void **state)
{
    (void)state;
    for (int i = 0; i < count; i++) {
        const Picture *p = &pictures[i];
        /* Chroma is interpolated from neighbours; libwebp begins anew at the crop's edge. */
        if (strncmp(p->name, "lossy", 5) == 0) continue;
        decode_part(p, (Rect){3, 5, 9, 7});
        decode_part(p, (Rect){p->width - 6, p->height - 5, 6, 5});
        decode_part(p, (Rect){0, p->height / 2, p->width, 1});
    }
}

static void test_cut(void **state)
{
    (void)state;
    for (int i = 0; i < count; i++) {
        const Picture *p = &pictures[i];
        for (size_t bytes = 0; bytes < p->bytes - 40; bytes += 37) {
            Image image = {0};
            Rect covered;
            Error err = {0};
            uint8_t *copy = malloc(bytes + 1); /* so that a sanitizer sees reads behind the end */
            memcpy(copy, p->data, bytes);
            if (image_decode(&image, &covered, copy, bytes, (Rect){0, 0, p->width, p->height}, 1,
                             &err))
                fail_msg("%s: %zu of %zu bytes were enough", p->name, bytes, p->bytes);
            assert_int_equal(err.count, 1);
            assert_null(strchr(err.text, '\n'));
            image_free(&image);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
}
