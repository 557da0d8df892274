/* The configurations, what differs between them, and what the numbers come from. */
#include "io/yaml.h"
#include "sections.h"

#include <inttypes.h>
#include <string.h>

/* --- configuration --- */

static const char *value_of(const Settings *settings, const char *key)
{
    for (int i = 0; i < settings->count; i++)
        if (strcmp(settings->list[i].key, key) == 0) return settings->list[i].value;
    return "–";
}

static bool differs(const Settings *settings, int runs, const char *key)
{
    for (int r = 1; r < runs; r++)
        if (strcmp(value_of(&settings[r], key), value_of(&settings[0], key)) != 0) return true;
    return false;
}

/* Whether a run before `run` has the key, so that it has had its row. */
static bool has_come(const Settings *settings, int run, const char *key)
{
    for (int r = 0; r < run; r++)
        for (int i = 0; i < settings[r].count; i++)
            if (strcmp(settings[r].list[i].key, key) == 0) return true;
    return false;
}

static void write_difference(Page *page, const Settings *settings, int runs, const char *key)
{
    page_write(page, "<tr><td><code>");
    page_text(page, key);
    page_write(page, "</code></td>");
    for (int r = 0; r < runs; r++) page_element(page, "td", NULL, value_of(&settings[r], key));
    page_write(page, "</tr>\n");
}

static void write_differences(Page *page, const Report *report)
{
    int runs = report->options->runs;
    Settings *settings = arena_new(report->arena, Settings, runs);
    for (int r = 0; r < runs; r++) {
        const RunRecords *run = &report->run[r].records;
        Error ignored = {0};
        settings[r].arena = report->arena;
        if (*run->config)
            yaml_parse(&settings[r], run->config, strlen(run->config), "config.yaml", &ignored);
    }
    page_write(page, "<div class=\"card scroll\"><table class=\"full\"><tr><th>what differs</th>");
    for (int r = 0; r < runs; r++) page_element(page, "th", NULL, report->run[r].records.name);
    page_write(page, "</tr>\n");
    for (int r = 0; r < runs; r++)
        for (int i = 0; i < settings[r].count; i++) {
            const char *key = settings[r].list[i].key;
            if (!has_come(settings, r, key) && differs(settings, runs, key))
                write_difference(page, settings, runs, key);
        }
    page_write(page, "</table></div>\n");
}

void section_config(Page *page, const Report *report)
{
    if (report->options->runs > 1) write_differences(page, report);
    for (int r = 0; r < report->options->runs; r++) {
        const RunRecords *run = &report->run[r].records;
        page_write(page, "<details class=\"card\"><summary>");
        page_text(page, report->options->runs > 1 ? run->name : "config.yaml");
        page_write(page, "</summary><pre>");
        page_text(page, *run->config ? run->config : "There is no config.yaml.");
        page_write(page, "</pre></details>\n");
    }
}

/* --- provenance --- */

static void write_fact(Page *page, const char *name, const char *value)
{
    page_write(page, "<tr>");
    page_element(page, "th", NULL, name);
    page_element(page, "td", "long", value);
    page_write(page, "</tr>\n");
}

/* Lines "name: value". */
static void write_lines(Page *page, const char *lines, Arena *arena)
{
    for (const char *line = lines; *line;) {
        size_t length = strcspn(line, "\n");
        const char *text = arena_printf(arena, "%.*s", (int)length, line);
        size_t name = strcspn(text, ":");
        if (text[name])
            write_fact(page, arena_printf(arena, "%.*s", (int)name, text),
                       text + name + 1 + strspn(text + name + 1, " "));
        line += length + (line[length] == '\n');
    }
}

static void write_checkpoint(Page *page, const ReportRun *run, Arena *arena)
{
    const Checkpoint *checkpoint = &run->checkpoint;
    char hash[HASH_TEXT_BYTES];
    Hash128 digest;
    page_write(page, "<div class=\"card\"><table>");
    write_fact(page, "run", run->records.path);
    write_fact(page, "checkpoint", run->checkpoint_path);
    write_fact(page, "progress",
               arena_printf(arena, "step %" PRIu64 ", epoch %" PRIu64 ", %" PRIu64 " skipped",
                            checkpoint->step, checkpoint->epoch, checkpoint->skipped));
    if (checkpoint_digest(checkpoint, &digest, &(Error){0})) {
        hash_print(digest, hash);
        write_fact(page, "digest", hash);
    }
    hash_print(checkpoint->pack, hash);
    write_fact(page, "pack hash", hash);
    write_lines(page, checkpoint->provenance, arena);
    page_write(page, "</table></div>\n");
}

void section_provenance(Page *page, const Report *report)
{
    for (int r = 0; r < report->options->runs; r++) {
        const ReportRun *run = &report->run[r];
        write_run_name(page, report, run);
        if (run->loaded)
            write_checkpoint(page, run, report->arena);
        else
            page_write(page, "<p class=\"soft\">%s</p>\n",
                       *run->checkpoint_path ? "The checkpoint cannot be read."
                                             : "The run has no checkpoint.");
    }
}
