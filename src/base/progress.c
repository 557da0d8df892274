/* Progress of long work: a bar on a terminal, lines in a log. */
#include "base/progress.h"

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double REDRAW_SECONDS = 0.1, LOG_SECONDS = 10;

static bool is_silent(void)
{
    return log_get_rank() != 0 || log_is_quiet() || log_is_terse();
}

/* Width of the terminal that standard error ends up on; 0: none, or one that cannot erase a line. Under
 * mpirun it is a pipe, but what goes in comes out on the standard error of mpirun, rank 0's parent. */
static int find_terminal(void)
{
    char path[64];
    int fd = STDERR_FILENO, width = 0;
    struct winsize size;
    const char *kind = getenv("TERM");
    if (kind && strcmp(kind, "dumb") == 0) return 0;
    bool launched = !isatty(fd) && getenv("OMPI_COMM_WORLD_RANK");
    if (launched) {
        snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)getppid());
        fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd >= 0 && isatty(fd))
        width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
    if (launched && fd >= 0) close(fd);
    return width;
}

static int terminal_width(void)
{
    static int width = -1; /* of rank 0's main thread alone */
    if (width < 0) width = find_terminal();
    return width;
}

static bool on_terminal(void)
{
    return terminal_width() > 0;
}

/* "1:02:03" or "02:03". */
static void print_time(char *text, size_t bytes, double seconds)
{
    long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, bytes, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, bytes, "%02ld:%02ld", s / 60, s % 60);
}

/* "1234/5678 images  12.3/s  01:23 left  suffix" */
static void print_facts(const Progress *progress, char *text, size_t bytes, double now)
{
    double elapsed = now - progress->started;
    size_t fresh = progress->done - progress->first;
    double rate = elapsed > 0 ? (double)fresh / elapsed : 0;
    char left[32] = "--:--";
    if (rate > 0) print_time(left, sizeof left, (double)(progress->total - progress->done) / rate);
    snprintf(text, bytes, "%zu/%zu %s  %.1f/s  %s left%s%s", progress->done, progress->total,
             progress->unit, rate, left, progress->suffix[0] ? "  " : "", progress->suffix);
}

static void draw_bar(const Progress *progress, double now)
{
    char facts[320], bar[256];
    print_facts(progress, facts, sizeof facts, now);
    int room = terminal_width() - (int)strlen(progress->label) - (int)strlen(facts) - 6;
    int width = room < 0 ? 0 : room > 40 ? 40 : room;
    int full = progress->total
                   ? (int)((double)width * (double)progress->done / (double)progress->total)
                   : 0;
    for (int i = 0; i < width; i++) bar[i] = i < full ? '#' : '.';
    bar[width] = 0;
    fprintf(stderr, "\r\033[K%s [%s] %.*s", progress->label, bar, terminal_width() - width - 6,
            facts);
    fflush(stderr);
}

static void show(Progress *progress, bool force)
{
    if (is_silent()) return;
    double now = clock_seconds();
    bool terminal = on_terminal();
    if (!force && now - progress->shown < (terminal ? REDRAW_SECONDS : LOG_SECONDS)) return;
    progress->shown = now;
    if (terminal) {
        draw_bar(progress, now);
        return;
    }
    char facts[320];
    print_facts(progress, facts, sizeof facts, now);
    fprintf(stderr, "%s: %s\n", progress->label, facts);
}

void progress_start(Progress *progress, const char *label, const char *unit, size_t total,
                    size_t done)
{
    *progress = (Progress){.label = label,
                           .unit = unit,
                           .total = total,
                           .done = done,
                           .first = done,
                           .started = clock_seconds()};
    progress->shown = progress->started;
    if (!is_silent() && on_terminal()) show(progress, true);
}

void progress_set(Progress *progress, size_t done)
{
    progress->done = done;
    show(progress, false);
}

void progress_suffix(Progress *progress, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(progress->suffix, sizeof progress->suffix, format, list);
    va_end(list);
}

void progress_hide(Progress *progress)
{
    if (is_silent() || !on_terminal()) return;
    progress->shown = 0;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

void progress_finish(Progress *progress)
{
    if (is_silent()) return;
    progress_hide(progress);
    char time[32];
    double elapsed = clock_seconds() - progress->started;
    size_t fresh = progress->done - progress->first;
    print_time(time, sizeof time, elapsed);
    fprintf(stderr, "%s: %zu %s in %s (%.1f/s)\n", progress->label, fresh, progress->unit, time,
            elapsed > 0 ? (double)fresh / elapsed : 0);
}
