/* Reasons to stop before the end: the clock, and numbers or images that are beyond hope. */
#include "trainer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

/* Beyond the measured times; file systems and launchers have their moods. */
static const double MARGIN_SECONDS = 10;

/* Seconds until SLURM's limit, which it gives as UNIX time; infinite without one. */
static double job_seconds_left(void)
{
    const char *text = getenv("SLURM_JOB_END_TIME");
    char *end;
    long long at = text ? strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || at <= 0) return HUGE_VAL;
    return (double)(at - (long long)time(NULL));
}

void watch_time(const Trainer *trainer)
{
    if (stop_requested()) return;
    double limit = trainer->config->time_limit > 0 ? 60 * trainer->config->time_limit : HUGE_VAL;
    double left = limit - (clock_seconds() - trainer->started);
    double needed = 2 * trainer->step_seconds;
    if (left < needed) stop_request("the time limit of the configuration");
    needed += 2 * trainer->save_seconds + MARGIN_SECONDS;
    if (job_seconds_left() < needed) stop_request("the end of the job's time");
}

static double epoch_images(const Trainer *trainer)
{
    return (double)trainer->steps_per_epoch * (double)trainer->config->batch;
}

static bool has_too_many_bad(const Trainer *trainer)
{
    return (double)trainer->bad > trainer->config->max_bad * epoch_images(trainer);
}

static bool too_many_bad(const Trainer *trainer)
{
    if (!has_too_many_bad(trainer)) return false;
    log_warning("%" PRIu64
                " images of this epoch could not be read, more than max_bad allows (%g of "
                "%.0f); mend the pack, or allow more",
                trainer->bad, trainer->config->max_bad, epoch_images(trainer));
    return true;
}

static bool too_many_skipped(const Trainer *trainer)
{
    if (trainer->skipped_in_row < (uint64_t)trainer->config->max_skipped) return false;
    log_warning(
        "%" PRIu64 " steps in a row had a gradient that was not finite or too large "
        "(max_skipped); parameters are those from before; lower the learning rate, clip the "
        "gradient (clip_norm), or look at the images named above",
        trainer->skipped_in_row);
    return true;
}

bool is_hopeless(const Trainer *trainer)
{
    return too_many_skipped(trainer) || too_many_bad(trainer);
}

const char *trainer_trouble(const Trainer *trainer)
{
    if (trainer->skipped_in_row > 0)
        return "the gradients of its last steps were not finite or too large";
    return has_too_many_bad(trainer) ? "more images could not be read than max_bad allows" : NULL;
}
