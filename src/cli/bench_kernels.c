/* umbel bench --kernels and --picture: one thread, no ranks. */
#include "bench_kernels.h"
#include "frame.h"

#include "base/clock.h"
#include "bench/kernel_case.h"
#include "bench/picture.h"
#include "bench_report.h"
#include "cli/fail.h"
#include "io/file.h"
#include "kernels/gemm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Long enough for a clock, short enough for all cases together: about half a minute. */
static const double CASE_SECONDS = 0.3, PICTURE_SECONDS = 2;
enum { PICTURE_SIDE = 224 };

static const char *const unit_name[] = {"GF/s", "GB/s", "images/s"};
static const double unit_scale[] = {1e-9, 1e-9, 1};

static void report_case(Json *json, const KernelCase *of, double seconds)
{
    double rate = unit_scale[of->unit] * of->amount(of->dim) / seconds;
    if (!json) {
        printf("%-26s %-28s %12.6f %10.2f %s\n", of->name, of->size, seconds, rate,
               unit_name[of->unit]);
        return;
    }
    json_begin(json, NULL);
    json_add_text(json, "name", of->name);
    json_add_text(json, "size", of->size);
    json_add_real(json, "seconds", seconds);
    json_add_real(json, "rate", rate);
    json_add_text(json, "unit", unit_name[of->unit]);
    json_end(json);
}

static void do_case(const KernelCase *of, bool once, Json *json)
{
    Arena *arena = arena_create("kernel case");
    Sample sample = sample_make(of, arena);
    if (once) {
        printf("%s, %s\n", of->name, of->size);
        fflush(stdout);
        sample_call(&sample);
    } else {
        report_case(json, of, sample_time(&sample, CASE_SECONDS));
    }
    sample_release(&sample);
    arena_destroy(arena);
}

static void introduce(Json *json)
{
    if (!json) {
        printf("kernels %s; %s, core %s; one thread\n", kernels()->isa, gemm_library(),
               gemm_core());
        return;
    }
    json_add_text(json, "kernels", kernels()->isa);
    json_add_text(json, "blas", gemm_library());
    json_add_text(json, "blas_core", gemm_core());
    json_begin_array(json, "cases");
}

int bench_kernels(const char *only, bool once, bool as_json)
{
    Json *json = as_json && !once ? json_create() : NULL;
    const KernelCase *of;
    int found = 0;
    gemm_init();
    if (!once) introduce(json);
    for (int i = 0; (of = kernel_case(i)); i++) {
        if (!strstr(of->name, only) || (once && !kernel_case_is_counted(of))) continue;
        do_case(of, once, json);
        found++;
    }
    if (json) {
        json_end(json);
        put_json(json);
    }
    if (found) return EXIT_DONE;
    Error err = {0};
    error_set(&err, ERROR_USAGE, "--only: no kernel's name contains \"%s\"", only);
    return cli_fail(&err);
}

/* --- pictures --- */

static bool time_picture(PictureBench *bench, double *rate, Error *err)
{
    if (!picture_bench_call(bench, err)) return false;
    int calls = 0;
    double begin = clock_seconds(), seconds;
    do {
        if (!picture_bench_call(bench, err)) return false;
        calls++;
        seconds = clock_seconds() - begin;
    } while (seconds < PICTURE_SECONDS);
    *rate = calls / seconds;
    return true;
}

static void report_picture(Json *json, const char *path, const PictureBench *bench, double rate)
{
    const AugmentOptions *options = &bench->options;
    if (!json) {
        printf("%s: %d x %d, %zu bytes, to %d pixels: %.1f images/s on one thread\n", path,
               bench->width, bench->height, bench->bytes, bench->side, rate);
        return;
    }
    json_begin(json, NULL);
    json_add_text(json, "path", path);
    json_add_integer(json, "width", bench->width);
    json_add_integer(json, "height", bench->height);
    json_add_integer(json, "side", bench->side);
    json_add_real(json, "scale_low", options->scale.value[0]);
    json_add_real(json, "scale_high", options->scale.value[1]);
    json_add_real(json, "ratio_low", options->ratio.value[0]);
    json_add_real(json, "ratio_high", options->ratio.value[1]);
    json_add_real(json, "images_per_second", rate);
    json_end(json);
}

static bool do_picture(const char *path, Json *json, Error *err)
{
    uint8_t *data;
    size_t bytes;
    double rate;
    PictureBench bench = {0};
    if (!file_read(path, &data, &bytes, err)) return false;
    Arena *arena = arena_create("picture");
    float *out = arena_new(arena, float, (size_t)PICTURE_SIDE *PICTURE_SIDE * 3);
    bool ok = picture_bench_open(&bench, data, bytes, PICTURE_SIDE, out, err) &&
              time_picture(&bench, &rate, err);
    if (ok)
        report_picture(json, path, &bench, rate);
    else
        error_context(err, "%s", path);
    picture_bench_close(&bench);
    arena_destroy(arena);
    free(data);
    return ok;
}

int bench_pictures(const char *const *paths, int count, bool as_json)
{
    Json *json = as_json ? json_create() : NULL;
    Error err = {0};
    if (json) json_begin_array(json, "pictures");
    for (int i = 0; i < count; i++)
        if (!do_picture(paths[i], json, &err)) break;
    if (json) {
        json_end(json);
        put_json(json);
    }
    return err.kind == ERROR_NONE ? EXIT_DONE : cli_fail(&err);
}
