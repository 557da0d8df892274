/* Requests to stop. */
#include "base/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static const struct {
    int number;
    const char *name;
} handled[] = {{SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}};

enum { HANDLED = sizeof handled / sizeof *handled };

static _Atomic(const char *) reason;

/* Lock-free atomics and signal() are all that a handler may use here. */
static void on_signal(int number)
{
    if (number == SIGINT && atomic_load(&reason)) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
        return;
    }
    for (int i = 0; i < HANDLED; i++)
        if (handled[i].number == number) stop_request(handled[i].name);
}

void stop_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < HANDLED; i++) sigaction(handled[i].number, &action, NULL);
}

void stop_request(const char *why)
{
    const char *none = NULL;
    atomic_compare_exchange_strong(&reason, &none, why);
}

bool stop_requested(void)
{
    return atomic_load_explicit(&reason, memory_order_relaxed) != NULL;
}

const char *stop_reason(void)
{
    return atomic_load(&reason);
}

bool stop_ends(const char *work, Error *err)
{
    if (!stop_requested()) return false;
    error_set(err, ERROR_STOPPED, "%s was stopped by %s; nothing is kept", work, stop_reason());
    return true;
}
