/* Pictures inside a page. */
#pragma once

#include "base/arena.h"
#include "data/augment.h"
#include "data/image.h"
#include "data/pack.h"
#include "report/page.h"

/* An <img> that holds the picture as JPEG. `style` NULL: no class. */
void draw_picture(Page *page, const Image *image, const char *style, const char *what);

typedef struct Thumbnails Thumbnails; /* small pictures of a pack's records */

/* As evaluation with these options sees them, side x side. Memory comes from `arena`, but for what thumbnails_close frees. */
Thumbnails *thumbnails_open(const Pack *pack, const AugmentOptions *augment, int side,
                            Arena *arena);
void thumbnails_close(Thumbnails *thumbnails); /* NULL is allowed */
/* The record's picture, or a note that it cannot be read. */
void draw_thumbnail(Page *page, Thumbnails *thumbnails, uint32_t record);
