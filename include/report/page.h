/*
 * A page of HTML that stands alone: styles, script and pictures lie in it, nothing comes from a network. Light or
 * dark as the reader has it, from the width of a phone up. Memory for it runs out by die().
 */
#pragma once

#include "base/error.h"

typedef struct Page Page;

/* `title`: of the window and at the top, kept. */
Page *page_create(const char *title);
void page_destroy(Page *page); /* NULL is allowed */

/* Markup, as it is. */
void page_write(Page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text, with what HTML would take for markup escaped, and bytes that are no UTF-8 replaced. */
void page_text(Page *page, const char *text);
/* "<tag class=…>text</tag>"; `style` NULL: no class. */
void page_element(Page *page, const char *tag, const char *style, const char *text);

/* Ends the section before and begins another, which the list at the top links to. `id` and `title` are kept. */
void page_section(Page *page, const char *id, const char *title);

/* Writes the whole atomically to `path`. */
bool page_save(Page *page, const char *path, Error *err);
