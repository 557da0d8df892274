/* What can be a name. */
#include "data/names.h"

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
