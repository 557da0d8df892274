/* Pictures as data URIs. */
#include "report/picture.h"

#include "data/lane_loader.h"

#include <stdlib.h>

enum { QUALITY = 82 };

struct Thumbnails {
    const Pack *pack;
    const AugmentOptions *augment;
    LaneLoader *loader;
    int side;
    float *input; /* (side,side,3) */
    Image image;
};

/* RFC 4648. */
static void write_base64(Page *page, const uint8_t *data, size_t bytes)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        size_t left = bytes - i;
        unsigned three = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0U) |
                         (left > 2 ? (unsigned)data[i + 2] : 0U);
        page_write(page, "%c%c%c%c", digit[three >> 18], digit[three >> 12 & 63],
                   left > 1 ? digit[three >> 6 & 63] : '=', left > 2 ? digit[three & 63] : '=');
    }
}

void draw_picture(Page *page, const Image *image, const char *style, const char *what)
{
    Error err = {0};
    uint8_t *data;
    size_t bytes;
    if (!image_encode_jpeg(image, QUALITY, &data, &bytes, &err)) {
        page_element(page, "p", "soft", err.text);
        return;
    }
    page_write(page, "<img%s%s%s width=\"%d\" height=\"%d\" alt=\"", style ? " class=\"" : "",
               style ? style : "", style ? "\"" : "", image->width, image->height);
    page_text(page, what);
    page_write(page, "\" src=\"data:image/jpeg;base64,");
    write_base64(page, data, bytes);
    page_write(page, "\">");
    free(data);
}

Thumbnails *thumbnails_open(const Pack *pack, const AugmentOptions *augment, int side, Arena *arena)
{
    Thumbnails *thumbnails = arena_new(arena, Thumbnails, 1);
    size_t pixels = (size_t)side * (size_t)side;
    *thumbnails = (Thumbnails){
        .pack = pack,
        .augment = augment,
        .side = side,
        .input = arena_new(arena, float, 3 * pixels),
        .image = {.width = side, .height = side, .pixels = arena_alloc(arena, 4 * pixels)}};
    thumbnails->loader =
        lane_loader_create(&(LaneLoaderOptions){.pack = pack, .augment = augment}, arena);
    return thumbnails;
}

void thumbnails_close(Thumbnails *thumbnails)
{
    if (thumbnails) lane_loader_destroy(thumbnails->loader);
}

void draw_thumbnail(Page *page, Thumbnails *thumbnails, uint32_t record)
{
    bool bad;
    if (lane_loader_load(thumbnails->loader, thumbnails->input, thumbnails->side, &bad, &record, 1,
                         false, 0) > 0) {
        page_element(page, "p", "soft", "cannot be read");
        return;
    }
    augment_show(&thumbnails->image, 0, 0, thumbnails->input, thumbnails->side,
                 thumbnails->augment);
    draw_picture(page, &thumbnails->image, NULL, pack_record_path(thumbnails->pack, record));
}
