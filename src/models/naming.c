/* Foreign names by pattern rules. */
#include "models/naming.h"

#include "naming_tables.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LETTERS = 26 };

/* What a pattern's letters and star stand for. */
typedef struct Match {
    int number[LETTERS];
    const char *rest; /* for the star */
} Match;

const Naming *naming_find(const char *scheme, const char *family)
{
    for (const Naming *naming = naming_tables; naming->scheme; naming++)
        if (strcmp(naming->scheme, scheme) == 0 && strcmp(naming->family, family) == 0)
            return naming;
    return NULL;
}

int naming_list(const char *family, const Naming *list[NAMING_SCHEMES_MAX])
{
    int count = 0;
    for (const Naming *naming = naming_tables; naming->scheme; naming++)
        if (strcmp(naming->family, family) == 0 && count < NAMING_SCHEMES_MAX)
            list[count++] = naming;
    return count;
}

const char *naming_scheme(const Naming *naming)
{
    return naming->scheme;
}

/* --- matching --- */

static bool match(const char *pattern, const char *name, Match *found)
{
    for (; *pattern && *pattern != '*'; pattern++) {
        if (*pattern != '{') {
            if (*pattern != *name++) return false;
            continue;
        }
        char *end;
        if (!isdigit((unsigned char)*name)) return false;
        found->number[pattern[1] - 'a'] = (int)strtol(name, &end, 10);
        name = end;
        pattern += 2; /* to the closing brace */
    }
    found->rest = name;
    return *pattern == '*' || *name == 0;
}

/* --- substitution --- */

typedef struct Output {
    char *text;
    size_t used;
} Output;

/* A name that does not fit is cut, and found in no file. */
static void put(Output *out, const char *text, size_t bytes)
{
    if (bytes > NAMING_BYTES - 1 - out->used) bytes = NAMING_BYTES - 1 - out->used;
    memcpy(out->text + out->used, text, bytes);
    out->used += bytes;
    out->text[out->used] = 0;
}

/* "2a+1" */
static void put_number(Output *out, const char *formula, const Match *found)
{
    char *letter, digits[32];
    long factor = strtol(formula, &letter, 10);
    if (letter == formula) factor = 1;
    long sum = strtol(letter + 1, NULL, 10);
    snprintf(digits, sizeof digits, "%ld", factor * found->number[*letter - 'a'] + sum);
    put(out, digits, strlen(digits));
}

/* Number `part` of the names between commas. */
static void put_part(Output *out, const char *names, int part)
{
    for (; part > 0; part--) names += strcspn(names, ",") + 1;
    put(out, names, strcspn(names, ",}"));
}

static int count_parts(const char *theirs)
{
    int parts = 1;
    for (; *theirs; theirs++) parts += *theirs == ',';
    return parts;
}

static void substitute(const char *prefix, const char *theirs, const Match *found, int part,
                       char name[NAMING_BYTES])
{
    Output out = {name, 0};
    put(&out, prefix, strlen(prefix));
    for (; *theirs; theirs++) {
        if (*theirs == '*') {
            put(&out, found->rest, strlen(found->rest));
        } else if (*theirs == '{') {
            const char *end = strchr(theirs, '}');
            if (memchr(theirs, ',', (size_t)(end - theirs)))
                put_part(&out, theirs + 1, part);
            else
                put_number(&out, theirs + 1, found);
            theirs = end;
        } else {
            put(&out, theirs, 1);
        }
    }
}

/* --- shapes --- */

static void permute(ForeignTensor *foreign, const char *axes, Shape ours)
{
    ours.dim[0] /= foreign->parts;
    foreign->shape = (Shape){.rank = (int)strlen(axes)};
    for (int i = 0; axes[i]; i++) {
        foreign->axis[i] = axes[i] == '.' ? -1 : axes[i] - '0';
        foreign->shape.dim[i] = axes[i] == '.' ? 1 : ours.dim[foreign->axis[i]];
    }
}

/* The name without its scope: "head.…" for the classifier; NULL: another head's. */
static const char *local_name(const char *name, const char *head, char text[NAMING_BYTES])
{
    static const char trunk[] = "trunk.", heads[] = "heads.", linear[] = ".linear.";
    if (strncmp(name, trunk, strlen(trunk)) == 0) return name + strlen(trunk);
    if (!head || strncmp(name, heads, strlen(heads)) != 0) return NULL;
    name += strlen(heads);
    if (strncmp(name, head, strlen(head)) != 0) return NULL;
    name += strlen(head);
    if (strncmp(name, linear, strlen(linear)) != 0) return NULL;
    snprintf(text, NAMING_BYTES, "head.%s", name + strlen(linear));
    return text;
}

static bool is_for_kind(const NamingRule *rule, const char *kind)
{
    char word[NAMING_BYTES];
    snprintf(word, sizeof word, " %s ", kind);
    return !rule->kinds || strstr(rule->kinds, word);
}

bool naming_foreign(const Naming *naming, const char *kind, const char *head, const char *name,
                    Shape shape, ForeignTensor *foreign)
{
    char text[NAMING_BYTES];
    const char *local = local_name(name, head, text);
    if (!local) return false;
    for (const NamingRule *rule = naming->rules; rule->ours; rule++) {
        Match found = {0};
        if (!is_for_kind(rule, kind) || !match(rule->ours, local, &found)) continue;
        *foreign =
            (ForeignTensor){.parts = count_parts(rule->theirs), .positions = rule->positions};
        const char *prefix = strncmp(local, "head.", 5) == 0 ? "" : naming->prefix;
        for (int p = 0; p < foreign->parts; p++)
            substitute(prefix, rule->theirs, &found, p, foreign->name[p]);
        permute(foreign, rule->axes ? rule->axes : (*naming->axes)[shape.rank], shape);
        return true;
    }
    return false;
}
