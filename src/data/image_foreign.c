/* Files that are no picture that can be read: what they look like, so that the message can say what
 * to do. */
#include "image_formats.h"

#include <string.h>
#include <strings.h>

typedef struct Foreign {
    Signature signature;
    const char *name;
} Foreign;

/* Pictures of other kinds; the first match counts. */
static const Foreign pictures[] = {
    {{0, "GIF8", 4}, "a GIF"},
    {{0, "BM", 2}, "a BMP"},
    {{0, "II*\0", 4}, "a TIFF"},
    {{0, "MM\0*", 4}, "a TIFF"},
    {{0, "II+\0", 4}, "a TIFF"},
    {{0, "MM\0+", 4}, "a TIFF"},
    {{4, "ftypheic", 8}, "a HEIC"},
    {{4, "ftypheix", 8}, "a HEIC"},
    {{4, "ftyphevc", 8}, "a HEIC"},
    {{4, "ftypmif1", 8}, "a HEIC"},
    {{4, "ftypmsf1", 8}, "a HEIC"},
    {{4, "ftypavif", 8}, "an AVIF"},
    {{4, "ftypavis", 8}, "an AVIF"},
    {{0, "\0\0\0\x0CjP  \r\n\x87\n", 12}, "a JPEG 2000"},
    {{0, "\xFF\x4F\xFF\x51", 4}, "a JPEG 2000"},
    {{0, "\0\0\0\x0CJXL \r\n\x87\n", 12}, "a JPEG XL"},
    {{0, "\xFF\x0A", 2}, "a JPEG XL"},
    {{0, "8BPS", 4}, "a Photoshop"},
    {{0, "\0\0\1\0", 4}, "an ICO"},
};

/* What is no picture at all. */
static const Foreign others[] = {
    {{0, "%PDF-", 5}, "a PDF document"},
    {{0, "PK\3\4", 4}, "a ZIP archive"},
    {{0, "\x1F\x8B", 2}, "gzip data"},
    {{4, "ftyp", 4}, "a film"},
    {{0, "\x89HDF\r\n\x1A\n", 8}, "an HDF5 file"},
    {{0, "\0\0\0\0\0\0\0\0", 8}, "zeros, as a copy that was broken off leaves them"},
};

static const Foreign *find(const Foreign *list, size_t count, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < count; i++)
        if (signature_matches(&list[i].signature, data, bytes)) return &list[i];
    return NULL;
}

static bool begins(const char *text, size_t bytes, const char *word)
{
    return bytes >= strlen(word) && strncasecmp(text, word, strlen(word)) == 0;
}

/* Neither a control character nor a byte that UTF-8 never uses. */
static bool is_text_byte(uint8_t byte)
{
    bool is_space = byte == ' ' || (byte >= '\t' && byte <= '\r');
    return is_space || (byte > ' ' && byte != 0x7F && byte < 0xF8);
}

/* NULL if it is no text. */
static const char *kind_of_text(const uint8_t *data, size_t bytes)
{
    if (bytes > 512) bytes = 512;
    for (size_t i = 0; i < bytes; i++)
        if (!is_text_byte(data[i])) return NULL;
    const char *text = (const char *)data;
    if (begins(text, bytes, "\xEF\xBB\xBF")) text += 3, bytes -= 3;
    while (bytes > 0 && (uint8_t)*text <= ' ') text++, bytes--;
    if (begins(text, bytes, "<!doctype html") || begins(text, bytes, "<html") ||
        begins(text, bytes, "<head"))
        return "a web page (HTML)";
    if (begins(text, bytes, "<svg") ||
        (begins(text, bytes, "<?xml") && memmem(text, bytes, "<svg", 4)))
        return "an SVG drawing";
    return "text";
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

void image_report_foreign(const uint8_t *data, size_t bytes, Error *err)
{
    static const char no_picture[] = "is no JPEG, PNG or WebP picture";
    const Foreign *picture = find(pictures, COUNT(pictures), data, bytes);
    const Foreign *other = find(others, COUNT(others), data, bytes);
    const char *looks_like = other ? other->name : kind_of_text(data, bytes);
    if (bytes == 0)
        error_set(err, ERROR_DATA, "is empty");
    else if (picture)
        error_set(err, ERROR_DATA, "is %s picture; convert it to JPEG, PNG or WebP", picture->name);
    else if (looks_like)
        error_set(err, ERROR_DATA, "%s; it looks like %s", no_picture, looks_like);
    else
        error_set(err, ERROR_DATA, "%s", no_picture);
}
