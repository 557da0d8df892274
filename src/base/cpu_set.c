/* Sets of hardware threads or cores. */
#include "base/cpu_set.h"

#include <stdio.h>
#include <string.h>

void cpu_set_add(CpuSet *set, int number)
{
    if (number >= 0 && number < CPU_SET_MAX) set->word[number / 64] |= 1ULL << (number % 64);
}

bool cpu_set_has(const CpuSet *set, int number)
{
    return number >= 0 && number < CPU_SET_MAX && (set->word[number / 64] >> (number % 64) & 1);
}

int cpu_set_count(const CpuSet *set)
{
    int count = 0;
    for (int i = 0; i < CPU_SET_WORDS; i++) count += __builtin_popcountll(set->word[i]);
    return count;
}

void cpu_set_unite(CpuSet *set, const CpuSet *other)
{
    for (int i = 0; i < CPU_SET_WORDS; i++) set->word[i] |= other->word[i];
}

bool cpu_set_meet(const CpuSet *a, const CpuSet *b)
{
    for (int i = 0; i < CPU_SET_WORDS; i++)
        if (a->word[i] & b->word[i]) return true;
    return false;
}

const char *ranges_print(const bool *member, int count, char *text, size_t bytes)
{
    char range[32];
    text[0] = 0;
    for (int first = 0; first < count; first++) {
        if (!member[first]) continue;
        int last = first;
        while (last + 1 < count && member[last + 1]) last++;
        const char *comma = text[0] ? "," : "";
        if (last > first)
            snprintf(range, sizeof range, "%s%d-%d", comma, first, last);
        else
            snprintf(range, sizeof range, "%s%d", comma, first);
        size_t used = strlen(text), room = bytes - used;
        if (strlen(range) + sizeof ",…" > room) {
            snprintf(text + used, room, "%s…", comma);
            break;
        }
        snprintf(text + used, room, "%s", range);
        first = last;
    }
    return text;
}

const char *cpu_set_print(const CpuSet *set, char *text, size_t bytes)
{
    bool member[CPU_SET_MAX];
    for (int i = 0; i < CPU_SET_MAX; i++) member[i] = cpu_set_has(set, i);
    return ranges_print(member, CPU_SET_MAX, text, bytes);
}
