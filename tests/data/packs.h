/* A pack for tests, good.h5, of small pictures with labels, beside its files in a temporary folder. The program opens
 * `comm` before it makes it. */
#pragma once

#include "folder.h"
#include "pictures.h"

#include "data/pack_write.h"

enum { IMAGES = 9 };

static Comm *comm;
static Bytes picture[IMAGES]; /* files 0.jpg, 1.png, … in the folder */

static inline const char *picture_name(int i)
{
    static char name[2][16];
    snprintf(name[i & 1], sizeof name[0], i % 2 ? "%d.png" : "%d.jpg", i);
    return name[i & 1];
}

static const char manifest[] = "path,size,colour,split\n"
                               "0.jpg,10,red,train\n1.png,9,,val\n2.jpg,10,blue,test\n"
                               "3.png,100,red,train\n4.jpg,,green,train\n5.png,9,red,val\n"
                               "6.jpg,b,blue,train\n7.png,a,blue,train\n8.jpg,9,,train\n";

static inline bool write_pack(const char *text, const char *name, int max_side, Error *err)
{
    Listing listing;
    char out[512];
    snprintf(out, sizeof out, "%s", in_folder(name));
    PackOptions options = {
        .root = folder, .out = out, .max_side = max_side, .quality = 90, .allow_unseen = true};
    put_file("m.csv", text, strlen(text));
    *err = (Error){0};
    bool ok = manifest_read(&listing, in_folder("m.csv"), NULL, NULL, err) &&
              pack_write(&listing, &options, comm, err);
    listing_free(&listing);
    return ok;
}

static inline Pack *open_pack(const char *name)
{
    Error err = {0};
    Pack *pack = pack_open(in_folder(name), &err);
    check_no_error(&err);
    return pack;
}

/* Opening it is refused for a reason that has `part` in it. */
static inline void open_refused(const char *name, const char *part)
{
    Error err = {0};
    Pack *pack = pack_open(in_folder(name), &err);
    if (pack) fail_msg("%s: opened; expected \"%s\"", name, part);
    check_error(&err, part);
    assert_int_equal(err.kind, ERROR_DATA);
}

/* --- set-up and tear-down of a group --- */

static inline int packs_make(void **state)
{
    static const JpegKind kind = {"4:2:0", JCS_YCbCr, 2, 2, false, 0};
    if (folder_make(state) != 0) return -1;
    for (int i = 0; i < IMAGES; i++) {
        Image drawn = paint(30 + i, 25, (uint32_t)i + 1);
        picture[i] = i % 2 ? make_rgb_png(&drawn) : make_jpeg(&drawn, &kind, 85);
        put_file(picture_name(i), picture[i].data, picture[i].bytes);
        image_free(&drawn);
    }
    Error err;
    return write_pack(manifest, "good.h5", 0, &err) ? 0 : -1;
}

static inline int packs_remove(void **state)
{
    for (int i = 0; i < IMAGES; i++) free(picture[i].data);
    return folder_remove(state);
}
