/*
 * Stratified splits over all label groups together, after iterative stratification (Sechidis,
 * Tsoumakas, Vlahavas 2011): the label with the fewest unassigned units goes first, and each of its
 * units goes to the split that needs it most. A unit is one record, or all records that must stay
 * together. Units come in an order drawn from the seed, since a label's last ones would otherwise
 * always be held out, and a split that has its share of all images takes no more.
 */
#include "base/random.h"
#include "encode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool split_shares_parse(SplitShares *shares, const char *text, Error *err)
{
    double sum = 0;
    bool named[SPLIT_COUNT] = {false};
    *shares = (SplitShares){0};
    for (const char *at = text; *at;) {
        char name[16];
        size_t length = strcspn(at, "="), piece = strcspn(at, ",");
        Split split;
        snprintf(name, sizeof name, "%.*s", (int)(length < 15 ? length : 15), at);
        char *end = NULL;
        double share = at[length] == '=' ? strtod(at + length + 1, &end) : -1;
        if (!split_parse(name, &split) || end != at + piece || end == at + length + 1 ||
            !(share >= 0 && share <= 1) || named[split])
            return error_set(err, ERROR_USAGE,
                             "--split: must look like train=0.8,val=0.1,test=0.1, not \"%s\"",
                             text);
        named[split] = true;
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
    uint32_t *unit_of;       /* (records) */
    uint32_t *first_record;  /* (count) */
    uint32_t *size;          /* (count): records */
    uint32_t *order, *place; /* (count): units by chance; where a unit stands there */
    size_t *label_begin;     /* (count + 1) */
    uint32_t *label;         /* all units' labels, one entry per labelled record */
    size_t *unit_begin;      /* (labels + 1) */
    uint32_t *unit;          /* all labels' units */
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

/* Numbers the units in the order of their first records. A record without a value to keep together
 * by stands alone. */
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
            if (*keyed[i].key && strcmp(keyed[i - 1].key, keyed[i].key) == 0)
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

/* The draws of a unit: the first gives its place in the order, those behind it decide ties. */
static Random draws_of(uint64_t seed, const Units *units, uint32_t unit, uint32_t *first)
{
    Random random = random_at(seed, RANDOM_SPLIT, 0, 0, units->first_record[unit]);
    *first = random_u32(&random);
    return random;
}

typedef struct DrawnUnit {
    uint32_t word, unit;
} DrawnUnit;

static int by_word(const void *a, const void *b)
{
    const DrawnUnit *x = a, *y = b;
    if (x->word != y->word) return x->word < y->word ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static void order_units(Units *units, uint64_t seed, Arena *arena)
{
    DrawnUnit *drawn = arena_new(arena, DrawnUnit, units->count);
    units->order = arena_new(arena, uint32_t, units->count);
    units->place = arena_new(arena, uint32_t, units->count);
    for (uint32_t u = 0; u < units->count; u++) {
        drawn[u].unit = u;
        draws_of(seed, units, u, &drawn[u].word);
    }
    qsort(drawn, units->count, sizeof *drawn, by_word);
    for (uint32_t i = 0; i < units->count; i++) {
        units->order[i] = drawn[i].unit;
        units->place[drawn[i].unit] = i;
    }
}

/* Fills begin (rows + 1) and the entries of rows, counted by the first pass; used both ways. A
 * label's units stand in their order by chance. Values are no labels here. */
static void list_labels(Units *units, const Listing *listing, const LabelGroup *group, Arena *arena)
{
    size_t n = listing->count, entries = 0, base = 0;
    int members;
    for (int g = 0; g < listing->groups; g++) units->labels += (size_t)group[g].classes;
    units->label_begin = arena_new(arena, size_t, units->count + 2);
    units->unit_begin = arena_new(arena, size_t, units->labels + 2);
    for (int g = 0; g < listing->groups; base += (size_t)group[g++].classes)
        for (size_t i = 0; i < n; i++) {
            const int32_t *class = label_classes(&group[g], i, &members);
            units->label_begin[units->unit_of[i] + 2] += (size_t)members;
            for (int j = 0; j < members; j++) units->unit_begin[base + (size_t) class[j] + 2]++;
            entries += (size_t)members;
        }
    for (size_t u = 0; u < units->count; u++)
        units->label_begin[u + 2] += units->label_begin[u + 1];
    for (size_t l = 0; l < units->labels; l++) units->unit_begin[l + 2] += units->unit_begin[l + 1];
    units->label = arena_new(arena, uint32_t, entries + 1);
    units->unit = arena_new(arena, uint32_t, entries + 1);
    base = 0;
    for (int g = 0; g < listing->groups; base += (size_t)group[g++].classes)
        for (size_t i = 0; i < n; i++) {
            const int32_t *class = label_classes(&group[g], i, &members);
            for (int j = 0; j < members; j++)
                units->label[units->label_begin[units->unit_of[i] + 1]++] =
                    (uint32_t)(base + (size_t) class[j]);
        }
    for (size_t o = 0; o < units->count; o++) {
        uint32_t u = units->order[o];
        for (size_t e = units->label_begin[u]; e < units->label_begin[u + 1]; e++)
            units->unit[units->unit_begin[units->label[e] + 1]++] = u;
    }
}

/* What each split still lacks. */
typedef struct Stratifier {
    const Units *units;
    uint64_t seed;
    double *wanted;           /* (labels,SPLIT_COUNT) */
    double room[SPLIT_COUNT]; /* whole images */
    double images;            /* unassigned */
    const double *share;      /* (SPLIT_COUNT) */
    size_t *left;             /* (labels): unassigned entries */
    int8_t *split;            /* (units): -1 unassigned */
} Stratifier;

/* How much each split needs the unit. What a split lacks of a label beyond its share of the entries
 * left is its deviation; the unit goes where the squares of all deviations, of its labels and of
 * all images, grow least, that is where deviation + share has the largest sum. Going by the rarest
 * label's need alone left classes off by up to 6 images of 1,300, this by less than 2. */
static void find_need(double need[SPLIT_COUNT], const Stratifier *stratifier, uint32_t unit)
{
    const Units *units = stratifier->units;
    const double *share = stratifier->share;
    for (int s = 0; s < SPLIT_COUNT; s++)
        need[s] = stratifier->room[s] - share[s] * (stratifier->images - 1);
    for (size_t e = units->label_begin[unit]; e < units->label_begin[unit + 1]; e++) {
        const double *wanted = &stratifier->wanted[units->label[e] * SPLIT_COUNT];
        double left = (double)stratifier->left[units->label[e]];
        for (int s = 0; s < SPLIT_COUNT; s++) need[s] += wanted[s] - share[s] * (left - 1);
    }
}

/* Of the splits with room for the unit, or of all if it fits nowhere: the one that needs it most,
 * among equals the one with most room, among equals by chance. */
static int neediest(const Stratifier *stratifier, const double need[SPLIT_COUNT], uint32_t unit)
{
    uint32_t word;
    Random random = draws_of(stratifier->seed, stratifier->units, unit, &word);
    const double *room = stratifier->room;
    double size = stratifier->units->size[unit];
    bool fits = room[0] >= size || room[1] >= size || room[2] >= size;
    if (!fits) need = room;
    int best = -1, ties = 1;
    for (int s = 0; s < SPLIT_COUNT; s++) {
        if (fits && room[s] < size) continue;
        bool better =
            best < 0 || need[s] > need[best] || (need[s] == need[best] && room[s] > room[best]);
        bool equal = !better && need[s] == need[best] && room[s] == room[best];
        if (better) ties = 1;
        if (equal) ties++;
        if (better || (equal && random_below(&random, (uint32_t)ties) == 0)) best = s;
    }
    return best;
}

static void assign(Stratifier *stratifier, uint32_t unit)
{
    const Units *units = stratifier->units;
    double need[SPLIT_COUNT];
    find_need(need, stratifier, unit);
    int split = neediest(stratifier, need, unit);
    stratifier->split[unit] = (int8_t)split;
    stratifier->room[split] -= units->size[unit];
    stratifier->images -= units->size[unit];
    for (size_t e = units->label_begin[unit]; e < units->label_begin[unit + 1]; e++) {
        stratifier->wanted[units->label[e] * SPLIT_COUNT + (size_t)split] -= 1;
        stratifier->left[units->label[e]]--;
    }
}

/* Labels by unassigned entries; equals by chance, so that no class is last by its name. */
static bool is_rarer(const Stratifier *stratifier, size_t a, size_t b)
{
    const Units *units = stratifier->units;
    if (stratifier->left[a] != stratifier->left[b])
        return stratifier->left[a] < stratifier->left[b];
    return units->place[units->unit[units->unit_begin[a]]] <
           units->place[units->unit[units->unit_begin[b]]];
}

/* The label with the fewest unassigned entries, or `labels` if all is assigned. */
static size_t rarest_label(const Stratifier *stratifier)
{
    size_t labels = stratifier->units->labels, rarest = labels;
    for (size_t l = 0; l < labels; l++)
        if (stratifier->left[l] > 0 && (rarest == labels || is_rarer(stratifier, l, rarest)))
            rarest = l;
    return rarest;
}

/* Shares of `records` in whole images: rounded down, the rest to the largest fractions. */
static void round_shares(double room[SPLIT_COUNT], const SplitShares *shares, size_t records)
{
    double fraction[SPLIT_COUNT];
    size_t rest = records;
    for (int s = 0; s < SPLIT_COUNT; s++) {
        double exact = shares->share[s] * (double)records;
        room[s] = floor(exact + 1e-6); /* 0.8 * 10 may fall short of 8 */
        fraction[s] = exact - room[s];
        rest -= (size_t)room[s];
    }
    for (; rest > 0; rest--) {
        int largest = 0;
        for (int s = 1; s < SPLIT_COUNT; s++)
            if (fraction[s] > fraction[largest]) largest = s;
        room[largest]++;
        fraction[largest]--;
    }
}

static Stratifier prepare(const Units *units, const SplitShares *shares, size_t records,
                          uint64_t seed, Arena *arena)
{
    Stratifier stratifier = {
        .units = units, .seed = seed, .images = (double)records, .share = shares->share};
    stratifier.wanted = arena_new(arena, double, units->labels *SPLIT_COUNT + 1);
    stratifier.left = arena_new(arena, size_t, units->labels + 1);
    stratifier.split = arena_new(arena, int8_t, units->count);
    memset(stratifier.split, -1, units->count);
    for (size_t l = 0; l < units->labels; l++)
        stratifier.left[l] = units->unit_begin[l + 1] - units->unit_begin[l];
    for (size_t l = 0; l < units->labels; l++)
        for (int s = 0; s < SPLIT_COUNT; s++)
            stratifier.wanted[l * SPLIT_COUNT + (size_t)s] =
                shares->share[s] * (double)stratifier.left[l];
    round_shares(stratifier.room, shares, records);
    return stratifier;
}

static void stratify(uint8_t *split, const Listing *listing, const LabelGroup *group,
                     const SplitShares *shares, uint64_t seed, Arena *arena)
{
    Units units = {0};
    number_units(&units, listing, arena);
    order_units(&units, seed, arena);
    list_labels(&units, listing, group, arena);
    Stratifier stratifier = prepare(&units, shares, listing->count, seed, arena);
    for (size_t l; (l = rarest_label(&stratifier)) < units.labels;)
        for (size_t e = units.unit_begin[l]; e < units.unit_begin[l + 1]; e++)
            if (stratifier.split[units.unit[e]] < 0) assign(&stratifier, units.unit[e]);
    for (uint32_t o = 0; o < units.count; o++)
        if (stratifier.split[units.order[o]] < 0) assign(&stratifier, units.order[o]);
    for (size_t i = 0; i < listing->count; i++)
        split[i] = (uint8_t)stratifier.split[units.unit_of[i]];
}

uint8_t *assign_splits(const Listing *listing, const LabelGroup *group, const SplitShares *shares,
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
