/*
 * Stratified splits over all label groups together: iterative stratification (Sechidis, Tsoumakas,
 * Vlahavas 2011). The label with the fewest unassigned units goes first; each of its units goes to
 * the split that still lacks that label most, then the one that lacks units most, then by chance. A
 * unit is one record, or all records that must stay together.
 */
#include "base/random.h"
#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool split_shares_parse(SplitShares *shares, const char *text, Error *err)
{
    double sum = 0;
    *shares = (SplitShares){0};
    for (const char *at = text; *at;) {
        char name[16];
        size_t length = strcspn(at, "="), piece = strcspn(at, ",");
        Split split;
        snprintf(name, sizeof name, "%.*s", (int)(length < 15 ? length : 15), at);
        char *end = NULL;
        double share = at[length] == '=' ? strtod(at + length + 1, &end) : -1;
        if (!split_parse(name, &split) || end != at + piece || !(share >= 0 && share <= 1))
            return error_set(err, ERROR_USAGE,
                             "--split: must look like train=0.8,val=0.1,test=0.1, not \"%s\"",
                             text);
        shares->share[split] = share;
        sum += share;
        at += piece + (at[piece] == ',');
    }
    if (sum < 1 - 1e-9 || sum > 1 + 1e-9)
        return error_set(err, ERROR_USAGE, "--split: the shares in \"%s\" add up to %g, not to 1",
                         text, sum);
    return true;
}

/* Units, and the labels of each: those of all its records, in compressed rows. */
typedef struct Units {
    size_t count, labels;
    uint32_t *unit_of;      /* (records) */
    uint32_t *first_record; /* (count) */
    uint32_t *size;         /* (count): records */
    size_t *label_begin;    /* (count + 1) */
    uint32_t *label;        /* all units' labels, one entry per labelled record */
    size_t *unit_begin;     /* (labels + 1) */
    uint32_t *unit;         /* all labels' units */
} Units;

typedef struct KeyedRecord {
    const char *key;
    uint32_t record;
} KeyedRecord;

static int by_key(const void *a, const void *b)
{
    const KeyedRecord *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->record < y->record ? -1 : x->record > y->record;
}

/* Numbers the units in the order of their first records. */
static void number_units(Units *units, const Listing *listing, Arena *arena)
{
    size_t n = listing->count;
    units->unit_of = arena_new(arena, uint32_t, n);
    units->first_record = arena_new(arena, uint32_t, n);
    units->size = arena_new(arena, uint32_t, n);
    uint32_t *leader = arena_new(arena, uint32_t, n);
    for (size_t i = 0; i < n; i++) leader[i] = (uint32_t)i;
    if (listing->keep_together) {
        KeyedRecord *keyed = arena_new(arena, KeyedRecord, n);
        for (size_t i = 0; i < n; i++)
            keyed[i] = (KeyedRecord){listing->keep_together[i], (uint32_t)i};
        qsort(keyed, n, sizeof *keyed, by_key);
        for (size_t i = 1; i < n; i++)
            if (strcmp(keyed[i - 1].key, keyed[i].key) == 0)
                leader[keyed[i].record] = leader[keyed[i - 1].record];
    }
    for (size_t i = 0; i < n; i++) {
        if (leader[i] == i) {
            units->first_record[units->count] = (uint32_t)i;
            units->unit_of[i] = (uint32_t)units->count++;
        } else {
            units->unit_of[i] = units->unit_of[leader[i]];
        }
        units->size[units->unit_of[i]]++;
    }
}

/* Fills begin (rows + 1) and the entries of rows, counted by the first pass; used both ways. */
static void list_labels(Units *units, const Listing *listing, const EncodedGroup *group,
                        Arena *arena)
{
    size_t n = listing->count, entries = 0, base = 0;
    for (int g = 0; g < listing->groups; g++) units->labels += (size_t)group[g].classes;
    units->label_begin = arena_new(arena, size_t, units->count + 2);
    units->unit_begin = arena_new(arena, size_t, units->labels + 2);
    for (int g = 0; g < listing->groups; base += (size_t)group[g++].classes)
        for (size_t i = 0; i < n; i++) {
            if (group[g].label[i] < 0) continue;
            units->label_begin[units->unit_of[i] + 2]++;
            units->unit_begin[base + (size_t)group[g].label[i] + 2]++;
            entries++;
        }
    for (size_t u = 0; u < units->count; u++)
        units->label_begin[u + 2] += units->label_begin[u + 1];
    for (size_t l = 0; l < units->labels; l++) units->unit_begin[l + 2] += units->unit_begin[l + 1];
    units->label = arena_new(arena, uint32_t, entries + 1);
    units->unit = arena_new(arena, uint32_t, entries + 1);
    base = 0;
    for (int g = 0; g < listing->groups; base += (size_t)group[g++].classes)
        for (size_t i = 0; i < n; i++) {
            if (group[g].label[i] < 0) continue;
            size_t label = base + (size_t)group[g].label[i];
            units->label[units->label_begin[units->unit_of[i] + 1]++] = (uint32_t)label;
            units->unit[units->unit_begin[label + 1]++] = units->unit_of[i];
        }
}

/* What each split still lacks. */
typedef struct Stratifier {
    const Units *units;
    uint64_t seed;
    double *wanted; /* (labels,SPLIT_COUNT) */
    double wanted_total[SPLIT_COUNT];
    size_t *left;  /* (labels): unassigned entries */
    int8_t *split; /* (units): -1 unassigned */
} Stratifier;

/* The split with the largest `first`, among equals the largest `second`, among equals by chance. */
static int neediest(const Stratifier *stratifier, const double *first, const double *second,
                    uint32_t record)
{
    Random random = random_at(stratifier->seed, RANDOM_SPLIT, 0, 0, record);
    int best = -1, ties = 1;
    for (int s = 0; s < SPLIT_COUNT; s++) {
        bool better = best < 0 || first[s] > first[best] ||
                      (first[s] == first[best] && second[s] > second[best]);
        bool equal = !better && first[s] == first[best] && second[s] == second[best];
        if (better) ties = 1;
        if (equal) ties++;
        if (better || (equal && random_below(&random, (uint32_t)ties) == 0)) best = s;
    }
    return best;
}

static void assign(Stratifier *stratifier, uint32_t unit, const double *first)
{
    const Units *units = stratifier->units;
    int split = neediest(stratifier, first, stratifier->wanted_total, units->first_record[unit]);
    stratifier->split[unit] = (int8_t)split;
    stratifier->wanted_total[split] -= units->size[unit];
    for (size_t e = units->label_begin[unit]; e < units->label_begin[unit + 1]; e++) {
        stratifier->wanted[units->label[e] * SPLIT_COUNT + (size_t)split] -= 1;
        stratifier->left[units->label[e]]--;
    }
}

/* The label with the fewest unassigned entries, or `labels` if all is assigned. */
static size_t rarest_label(const Stratifier *stratifier)
{
    size_t rarest = stratifier->units->labels;
    for (size_t l = 0; l < stratifier->units->labels; l++)
        if (stratifier->left[l] > 0 &&
            (rarest == stratifier->units->labels || stratifier->left[l] < stratifier->left[rarest]))
            rarest = l;
    return rarest;
}

static Stratifier prepare(const Units *units, const SplitShares *shares, size_t records,
                          uint64_t seed, Arena *arena)
{
    Stratifier stratifier = {.units = units, .seed = seed};
    stratifier.wanted = arena_new(arena, double, units->labels *SPLIT_COUNT + 1);
    stratifier.left = arena_new(arena, size_t, units->labels + 1);
    stratifier.split = arena_new(arena, int8_t, units->count);
    memset(stratifier.split, -1, units->count);
    for (size_t l = 0; l < units->labels; l++)
        stratifier.left[l] = units->unit_begin[l + 1] - units->unit_begin[l];
    for (int s = 0; s < SPLIT_COUNT; s++) {
        stratifier.wanted_total[s] = shares->share[s] * (double)records;
        for (size_t l = 0; l < units->labels; l++)
            stratifier.wanted[l * SPLIT_COUNT + (size_t)s] =
                shares->share[s] * (double)stratifier.left[l];
    }
    return stratifier;
}

static void stratify(uint8_t *split, const Listing *listing, const EncodedGroup *group,
                     const SplitShares *shares, uint64_t seed, Arena *arena)
{
    Units units = {0};
    number_units(&units, listing, arena);
    list_labels(&units, listing, group, arena);
    Stratifier stratifier = prepare(&units, shares, listing->count, seed, arena);
    for (size_t l; (l = rarest_label(&stratifier)) < units.labels;)
        for (size_t e = units.unit_begin[l]; e < units.unit_begin[l + 1]; e++)
            if (stratifier.split[units.unit[e]] < 0)
                assign(&stratifier, units.unit[e], &stratifier.wanted[l * SPLIT_COUNT]);
    for (uint32_t u = 0; u < units.count; u++)
        if (stratifier.split[u] < 0) assign(&stratifier, u, stratifier.wanted_total);
    for (size_t i = 0; i < listing->count; i++)
        split[i] = (uint8_t)stratifier.split[units.unit_of[i]];
}

uint8_t *assign_splits(const Listing *listing, const EncodedGroup *group, const SplitShares *shares,
                       uint64_t seed, Arena *arena, Error *err)
{
    uint8_t *split = arena_new(arena, uint8_t, listing->count);
    double total =
        shares->share[SPLIT_TRAIN] + shares->share[SPLIT_VAL] + shares->share[SPLIT_TEST];
    if (total > 0) {
        stratify(split, listing, group, shares, seed, arena);
        return split;
    }
    for (size_t i = 0; listing->split && i < listing->count; i++) {
        Split parsed;
        if (!split_parse(listing->split[i], &parsed)) {
            error_set(err, ERROR_DATA,
                      "image %zu: the split must be train, val or test, not \"%s\"", i,
                      listing->split[i]);
            return NULL;
        }
        split[i] = (uint8_t)parsed;
    }
    return split;
}
