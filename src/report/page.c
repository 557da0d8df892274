/* The page: what stands before, around and behind the sections. */
#include "report/page.h"

#include "base/version.h"
#include "io/file.h"
#include "style.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS_MAX = 64 };

typedef struct Section {
    const char *id, *title;
} Section;

struct Page {
    const char *title;
    Section section[SECTIONS_MAX];
    int sections;
    FILE *body; /* into `text` */
    char *text;
    size_t bytes;
};

Page *page_create(const char *title)
{
    Page *page = calloc(1, sizeof *page);
    if (page) page->body = open_memstream(&page->text, &page->bytes);
    if (!page || !page->body) die("page: out of memory");
    page->title = title;
    return page;
}

void page_destroy(Page *page)
{
    if (!page) return;
    if (page->body) fclose(page->body);
    free(page->text);
    free(page);
}

void page_write(Page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vfprintf(page->body, format, arguments) < 0) die("page: out of memory");
    va_end(arguments);
}

/* Bytes of the UTF-8 character at `at`; 0: it is none that a page may hold. */
static int character_bytes(const unsigned char *at)
{
    if (at[0] < 0x80) return at[0] >= ' ' || at[0] == '\n' || at[0] == '\t';
    int bytes = at[0] >= 0xC2 && at[0] < 0xE0   ? 2
                : at[0] >= 0xE0 && at[0] < 0xF0 ? 3
                : at[0] >= 0xF0 && at[0] < 0xF5 ? 4
                                                : 0;
    for (int i = 1; i < bytes; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    return bytes;
}

void page_text(Page *page, const char *text)
{
    for (const char *at = text; *at;) {
        int bytes = character_bytes((const unsigned char *)at);
        const char *escaped = *at == '&'    ? "&amp;"
                              : *at == '<'  ? "&lt;"
                              : *at == '>'  ? "&gt;"
                              : *at == '"'  ? "&quot;"
                              : *at == '\'' ? "&#39;"
                              : bytes == 0  ? "\xEF\xBF\xBD"
                                            : NULL;
        if (escaped)
            fputs(escaped, page->body);
        else
            fwrite(at, 1, (size_t)bytes, page->body);
        at += bytes > 0 ? bytes : 1;
    }
}

void page_element(Page *page, const char *tag, const char *style, const char *text)
{
    page_write(page, style ? "<%s class=\"%s\">" : "<%s>", tag, style);
    page_text(page, text);
    page_write(page, "</%s>", tag);
}

void page_section(Page *page, const char *id, const char *title)
{
    if (page->sections == SECTIONS_MAX) die("page: more than %d sections", SECTIONS_MAX);
    if (page->sections > 0) page_write(page, "</section>\n");
    page->section[page->sections++] = (Section){id, title};
    page_write(page, "<section id=\"%s\"><h2>", id);
    page_text(page, title);
    page_write(page, "</h2>\n");
}

/* What stands before the sections, once all of them are known. The policy keeps browsers from asking anyone for anything. */
static void write_head(Page *page)
{
    page_write(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<link rel=\"icon\" href=\"data:,\">\n<title>");
    page_text(page, page->title);
    page_write(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header><h1>", page_style);
    page_text(page, page->title);
    page_write(page, "</h1><nav>");
    for (int i = 0; i < page->sections; i++) {
        page_write(page, "<a href=\"#%s\">", page->section[i].id);
        page_text(page, page->section[i].title);
        page_write(page, "</a>");
    }
    page_write(page, "</nav></header>\n<main>\n");
}

static void write_foot(Page *page)
{
    page_write(page,
               "</section>\n</main>\n<footer>umbel %s</footer>\n<script>\n%s</script>\n"
               "</body>\n</html>\n",
               version_text(), page_script);
}

bool page_save(Page *page, const char *path, Error *err)
{
    Page *whole = page_create(page->title);
    memcpy(whole->section, page->section, sizeof page->section);
    whole->sections = page->sections;
    fflush(page->body);
    write_head(whole);
    fwrite(page->text, 1, page->bytes, whole->body);
    write_foot(whole);
    if (fflush(whole->body) != 0) die("page: out of memory");
    bool ok = file_write(path, whole->text, whole->bytes, err);
    page_destroy(whole);
    return ok;
}
