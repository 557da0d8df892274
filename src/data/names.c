/* What can be a name, and how names are sorted. */
#include "data/names.h"

#include <stdlib.h>
#include <string.h>

bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        unsigned char first = *at++;
        int extra = first < 0x80                    ? 0
                    : first >= 0xC2 && first < 0xE0 ? 1
                    : first >= 0xE0 && first < 0xF0 ? 2
                    : first >= 0xF0 && first < 0xF5 ? 3
                                                    : -1;
        if (extra < 0 || (first == 0xE0 && *at < 0xA0) || (first == 0xED && *at > 0x9F) ||
            (first == 0xF0 && *at < 0x90) || (first == 0xF4 && *at > 0x8F))
            return false;
        for (; extra > 0; extra--, at++)
            if ((*at & 0xC0) != 0x80) return false;
    }
    return true;
}

bool is_group_name(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strpbrk(name, "/,[]{}\"") == NULL && is_utf8(name) &&
           strlen(name) < 128;
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 18 && text[digits] == 0;
}

int class_order(const char *a, const char *b)
{
    bool a_is_number = is_number(a), b_is_number = is_number(b);
    if (a_is_number != b_is_number) return a_is_number ? -1 : 1;
    if (a_is_number) {
        unsigned long long i = strtoull(a, NULL, 10), j = strtoull(b, NULL, 10);
        if (i != j) return i < j ? -1 : 1;
    }
    return strcmp(a, b);
}
