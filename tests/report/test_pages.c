/* Pages hold what they are given, whatever it is; axes, records and counts against plain arithmetic. */
#include "check.h"

#include "axis.h"
#include "io/file.h"
#include "pack_counts.h"
#include "report/charts.h"
#include "report/page.h"
#include "report/run_records.h"

#include <math.h>
#include <stdlib.h>

static char folder[256];

static int make_folder(void **state)
{
    (void)state;
    Error err = {0};
    return file_make_temporary_folder(folder, sizeof folder, "pages", &err) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    file_remove_folder(folder);
    return 0;
}

/* The page as text, to be freed; the page is gone. */
static char *saved(Page *page)
{
    char path[512];
    uint8_t *data;
    size_t bytes;
    Error err = {0};
    file_join(path, sizeof path, folder, "page.html");
    page_save(page, path, &err);
    page_destroy(page);
    check_no_error(&err);
    assert_true(file_read(path, &data, &bytes, &err));
    return (char *)data;
}

static void holds(const char *text, const char *part)
{
    if (strstr(text, part)) return;
    fprintf(stderr, "\"%s\" is not there\n", part);
    fail();
}

static void test_text_is_no_markup(void **state)
{
    (void)state;
    Page *page = page_create("<a> & b");
    page_section(page, "one", "\"1\"");
    page_element(page, "p", "soft", "it's <script>");
    page_text(page, "caf\xC3\xA9 \xF0\x9F\x8C\xB8 \xFF\xC3( \x01 \xE2\x82");
    char *text = saved(page);
    holds(text, "<title>&lt;a&gt; &amp; b</title>");
    holds(text, "<a href=\"#one\">&quot;1&quot;</a>");
    holds(text, "<p class=\"soft\">it&#39;s &lt;script&gt;</p>");
    holds(text, "caf\xC3\xA9 \xF0\x9F\x8C\xB8 \xEF\xBF\xBD\xEF\xBF\xBD( \xEF\xBF\xBD \xEF\xBF\xBD");
    free(text);
}

static void check_axis(const Axis *axis, double low, double high)
{
    assert_in_range(axis->ticks, 2, TICKS_MAX);
    for (int i = 0; i < axis->ticks; i++) {
        double place = axis_place(axis, axis->tick[i]);
        assert_true(place > -1e-9 && place < 1 + 1e-9);
        if (i > 0) assert_true(axis->tick[i] > axis->tick[i - 1]);
    }
    assert_true(axis_place(axis, low) > -1e-9 && axis_place(axis, high) < 1 + 1e-9);
}

static void test_axes(void **state)
{
    (void)state;
    static const double range[][2] = {{0, 1},       {0.123, 0.124}, {-5, 17},  {1e-9, 3e-9},
                                      {0, 1234567}, {3, 3},         {0, 0},    {-2e5, -1e5},
                                      {0, 2e-300},  {1, 8},         {0, 0.008}};
    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        double low = range[i][0], high = range[i][1];
        Axis axis = axis_make(low, high, 5, true);
        check_axis(&axis, low, high);
        if (low <= 0) continue;
        axis = axis_make_log(low, high * 20);
        check_axis(&axis, low, high * 20);
    }
    Axis axis = axis_make(0, 1, 5, true);
    assert_int_equal(axis.ticks, 6);
    assert_true(fabs(axis.tick[1] - 0.2) < 1e-12);
}

static void test_line_places(void **state)
{
    (void)state;
    static const double x[] = {0, 5, 10, 7}, y[] = {0, 0.5, 1, NAN};
    const Line line = {"a<b", 9, LINE_DOTTED, x, y, 4};
    Page *page = page_create("lines");
    draw_lines(page, &(LineChart){.title = "t", .x_title = "x", .line = &line, .lines = 1});
    draw_lines(page, &(LineChart){.title = "none", .x_title = "x"});
    char *text = saved(page);
    /* Left 46 to right 350, bottom 176 to top 8. */
    holds(text, "data-name=\"a&lt;b\" points=\"46.0,176.0 198.0,92.0 350.0,8.0 \"");
    holds(text, "stroke:var(--c1)");
    holds(text, "Nothing has been recorded.");
    free(text);
}

static void test_long_lines_are_means(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    double *x = malloc(sizeof(double) * COUNT), *y = malloc(sizeof(double) * COUNT);
    for (int i = 0; i < COUNT; i++) x[i] = i, y[i] = i % 2;
    const Line line = {"zigzag", 0, LINE_PLAIN, x, y, COUNT};
    Page *page = page_create("long");
    draw_lines(page, &(LineChart){.title = "t", .x_title = "x", .line = &line, .lines = 1});
    char *text = saved(page);
    assert_true(strlen(text) < 30000);
    holds(text, ",92.2 "); /* means of 417 points are next to 1/2 */
    free(text), free(x), free(y);
}

static void test_matrix(void **state)
{
    (void)state;
    static const char *const name[] = {"a", "a class with a very long name"};
    static const double value[] = {3, 1, 0, 4};
    Page *page = page_create("matrix");
    draw_matrix(page, &(Matrix){MATRIX_CONFUSION, "t", "label", "answer", 2, 2, name, name, value});
    char *text = saved(page);
    holds(text, "<title>a → a: 3 of 4 (75.0 %)</title>");
    holds(text, "<title>a → a class with a very long name: 1 of 4 (25.0 %)</title>");
    holds(text, ">a class with a ve…</text>");
    assert_null(strstr(text, ": 0 of"));
    free(text);
}

static void write(const char *name, const char *text)
{
    char path[512];
    Error err = {0};
    file_join(path, sizeof path, folder, name);
    assert_true(file_write(path, text, strlen(text), &err));
}

static void test_records(void **state)
{
    (void)state;
    static const char *const path[] = {"heads", "a.b", "loss", NULL};
    Arena *arena = arena_create("test");
    Error err = {0};
    RunRecords run;
    write("metrics.jsonl",
          "{\"kind\":\"train\",\"epoch\":0.5,\"heads\":{\"a.b\":{\"loss\":2}}}\n"
          "no record\n"
          "{\"kind\":\"val\",\"epoch\":1,\"heads\":{\"a.b\":{\"loss\":1.5},\"c\":{}}}\n"
          "{\"kind\":\"train\",\"epoch\":1.5,\"heads\":{\"a.b\":{\"loss\":null}}}\n"
          "{\"kind\":\"train\",\"epoch\":2,\"heads\":{\"a.b\":{\"loss\":1.25}}}\n"
          "{\"kind\":\"tra");
    assert_true(run_records_open(&run, folder, arena, &err));
    assert_int_equal(run.records, 4);
    assert_int_equal(run.damaged, 2);
    assert_int_equal(run.heads, 2);
    assert_string_equal(run.head[0], "a.b");
    assert_string_equal(run.config, "");
    Series series = run_records_series(&run, "train", path, arena);
    assert_int_equal(series.count, 2);
    assert_true(series.x[1] == 2 && series.y[0] == 2 && series.y[1] == 1.25);
    run_records_close(&run);

    write("metrics.jsonl", "\n");
    assert_false(run_records_open(&run, folder, arena, &err));
    check_error(&err, "holds no record");
    err = (Error){0};
    assert_false(run_records_open(&run, "/nowhere", arena, &err));
    check_error(&err, "/nowhere is no folder of a run: ");
    arena_destroy(arena);
}

static void test_counts_together(void **state)
{
    (void)state;
    static const int32_t label[] = {0, 1, 1, LABEL_MISSING, 2, 1}, member[] = {0, 0, 1, 1, 1};
    static const uint64_t begin[] = {0, 1, 3, 3, 4, 5, 5};
    static const uint8_t known[] = {1, 1, 1, 1, 1, 0};
    const LabelGroup one = {.kind = LABEL_CLASS, .classes = 3, .label = label},
                     any = {.kind = LABEL_MULTI,
                            .classes = 2,
                            .begin = begin,
                            .member = member,
                            .known = known};
    ClassCounts by_one[] = {{.class = 1}, {.class = 0}, {.class = 2}},
                by_any[] = {{.class = 1}, {.class = 0}};
    const PackCounts a = {.group = &one, .class = by_one}, b = {.group = &any, .class = by_any};
    Arena *arena = arena_create("test");
    const double *count = pack_counts_together(&a, 2, &b, 2, 6, arena);
    static const double expected[] = {1, 1, 0, 1}; /* class 1 with 1 and 0; class 0 with these */
    assert_memory_equal(count, expected, sizeof expected);

    uint32_t record[2];
    assert_int_equal(pack_counts_sample(&one, 1, 6, record, 2), 2);
    assert_true(record[0] == 1 && record[1] == 2);
    assert_int_equal(pack_counts_sample(&any, 0, 6, record, 1), 1);
    assert_int_equal(pack_counts_sample(&one, 2, 6, record, 2), 1);
    assert_int_equal(record[0], 4);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_no_markup),
        cmocka_unit_test(test_axes),
        cmocka_unit_test(test_line_places),
        cmocka_unit_test(test_long_lines_are_means),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_counts_together),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
