/* The pulse: what counts as progress, and that waiting and file operations are told. */
#include "check.h"

#include "base/pulse.h"

#include <pthread.h>
#include <stdatomic.h>

static void starts_without_anything(void **state)
{
    (void)state;
    Pulse pulse = pulse_read();
    assert_string_equal(pulse.phase, "starting");
    assert_true(pulse.ticks == 0 && pulse.waits == 0 && pulse.step == 0);
    assert_true(!pulse.waiting && pulse.allowance == 0);
}

static void ticks_and_phases_are_progress(void **state)
{
    (void)state;
    Pulse before = pulse_read();
    pulse_tick();
    assert_int_equal(pulse_read().ticks, before.ticks + 1);
    pulse_phase("computing");
    Pulse after = pulse_read();
    assert_int_equal(after.ticks, before.ticks + 2);
    assert_string_equal(after.phase, "computing");
    pulse_step(UINT64_MAX);
    assert_true(pulse_read().step == UINT64_MAX);
    assert_int_equal(pulse_read().ticks, after.ticks); /* the step is a name, not progress */
}

static void waiting_is_told(void **state)
{
    (void)state;
    Pulse before = pulse_read();
    pulse_wait_begin();
    Pulse inside = pulse_read();
    assert_true(inside.waiting);
    assert_int_equal(inside.waits, before.waits + 1);
    assert_int_equal(inside.ticks, before.ticks); /* who waits makes no progress */
    pulse_wait_end();
    Pulse after = pulse_read();
    assert_false(after.waiting);
    assert_int_equal(after.waits, before.waits + 1);
    assert_int_equal(after.ticks, before.ticks + 1);
}

static void files_have_an_allowance(void **state)
{
    (void)state;
    pulse_phase("computing");
    Pulse before = pulse_read();
    pulse_file_begin("reading a file", 12.5);
    Pulse inside = pulse_read();
    assert_string_equal(inside.phase, "reading a file");
    assert_true(inside.allowance == 12.5);
    assert_int_equal(inside.ticks, before.ticks);
    pulse_file_end();
    Pulse after = pulse_read();
    assert_string_equal(after.phase, "computing");
    assert_true(after.allowance == 0);
    assert_int_equal(after.ticks, before.ticks + 1);
}

/* As when several workers read: the longest allowance counts, and none is left over for later. */
static void the_longest_file_counts(void **state)
{
    (void)state;
    pulse_file_begin("long", 100);
    pulse_file_begin("short", 1);
    assert_true(pulse_read().allowance == 100);
    pulse_file_end();
    assert_true(pulse_read().allowance == 100); /* the long one may be the one that is left */
    pulse_file_end();
    assert_true(pulse_read().allowance == 0);
    pulse_file_begin("short", 1);
    assert_true(pulse_read().allowance == 1);
    pulse_file_end();
}

enum { THREADS = 4, ROUNDS = 20000 };

static atomic_bool done;
static atomic_int short_of_it; /* pulses that a thread saw without what it had asked for itself */

static void *work(void *seconds)
{
    double mine = *(double *)seconds;
    for (int i = 0; i < ROUNDS; i++) {
        pulse_tick();
        pulse_file_begin("working", mine);
        Pulse pulse = pulse_read();
        if (pulse.allowance < mine || strcmp(pulse.phase, "working") != 0) short_of_it++;
        pulse_file_end();
    }
    return NULL;
}

static void *watch(void *context)
{
    uint64_t last = 0;
    while (!atomic_load(&done)) {
        uint64_t now = pulse_read().ticks;
        if (now < last) (*(int *)context)++;
        last = now;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    static double seconds[THREADS] = {1, 2, 3, 4};
    pthread_t worker[THREADS], watcher;
    int backwards = 0;
    uint64_t before = pulse_read().ticks;
    assert_int_equal(pthread_create(&watcher, NULL, watch, &backwards), 0);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&worker[t], NULL, work, &seconds[t]), 0);
    for (int t = 0; t < THREADS; t++) pthread_join(worker[t], NULL);
    atomic_store(&done, true);
    pthread_join(watcher, NULL);
    assert_int_equal(backwards, 0);
    assert_int_equal(short_of_it, 0);
    assert_int_equal(pulse_read().ticks, before + 2 * (uint64_t)THREADS * ROUNDS);
    assert_true(pulse_read().allowance == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_without_anything),
        cmocka_unit_test(ticks_and_phases_are_progress),
        cmocka_unit_test(waiting_is_told),
        cmocka_unit_test(files_have_an_allowance),
        cmocka_unit_test(the_longest_file_counts),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
