/* Ranks through MPI; the only file that includes mpi.h. */
#include "dist/comm.h"

#include "base/log.h"
#include "base/pulse.h"
#include "dist/watchdog.h"
#include "environment.h"

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

/* MPI counts are ints; longer calls are cut. */
static const size_t PIECE = (size_t)1 << 30;

/* Longest text that a library's setting may have; Open MPI says 2,048. */
enum { SETTING_BYTES = 8192 };

struct Comm {
    MPI_Comm world;
    int rank, size;
    MPI_Request request[COMM_REQUESTS];
    MPI_Win window; /* of comm_share; MPI_WIN_NULL: none */
};

/* --- start and end --- */

static void stop_all_ranks(const char *text)
{
    char host[MPI_MAX_PROCESSOR_NAME] = "?";
    int length = 0;
    MPI_Get_processor_name(host, &length);
    fprintf(stderr, "umbel: rank %d on %s: %s\n", log_get_rank(), host, text);
    fflush(stderr);
    watchdog_farewell();
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    _Exit(EXIT_FAILURE);
}

static void on_mpi_error(MPI_Comm *comm, int *code, ...)
{
    (void)comm;
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;
    MPI_Error_string(*code, text, &length);
    die("MPI failed: %s", text);
}

static void install_error_handler(MPI_Comm world)
{
    MPI_Errhandler handler;
    MPI_Comm_create_errhandler(on_mpi_error, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Comm_set_errhandler(world, handler);
    MPI_Errhandler_free(&handler);
}

Comm *comm_open(int *argc, char ***argv)
{
    int provided = 0;
    environment_prepare();
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    Comm *comm = calloc(1, sizeof *comm);
    if (!comm) die("MPI: out of memory");
    comm->window = MPI_WIN_NULL;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm->world);
    install_error_handler(comm->world);
    MPI_Comm_rank(comm->world, &comm->rank);
    MPI_Comm_size(comm->world, &comm->size);
    log_set_rank(comm->rank);
    die_set_hook(stop_all_ranks);
    if (provided < MPI_THREAD_FUNNELED) die("MPI: this build supports no threads at all");
    return comm;
}

void comm_close(Comm *comm)
{
    die_set_hook(NULL);
    MPI_Comm_free(&comm->world);
    MPI_Finalize();
    free(comm);
}

int comm_rank(const Comm *comm)
{
    return comm->rank;
}
int comm_size(const Comm *comm)
{
    return comm->size;
}

/* --- waiting --- */

/* A blocking call would look like a hang; so all calls are split-phase, and waiting for other ranks
 * is told to the pulse. */
static void wait_for(MPI_Request *request)
{
    int done = 0;
    pulse_wait_begin();
    while (!done) MPI_Test(request, &done, MPI_STATUS_IGNORE);
    pulse_wait_end();
}

static void all_reduce(Comm *comm, void *values, int count, MPI_Datatype type, MPI_Op operation)
{
    MPI_Request request;
    if (comm->size == 1) return;
    MPI_Iallreduce(MPI_IN_PLACE, values, count, type, operation, comm->world, &request);
    wait_for(&request);
}

/* --- collectives --- */

bool comm_agree(Comm *comm, Error *err)
{
    int first = err->kind != ERROR_NONE ? comm->rank : comm->size;
    all_reduce(comm, &first, 1, MPI_INT, MPI_MIN);
    if (first == comm->size) return true;
    comm_broadcast(comm, err, sizeof *err, first);
    return false;
}

void comm_broadcast(Comm *comm, void *data, size_t bytes, int root)
{
    char *at = data;
    for (; bytes > 0; at += PIECE) {
        size_t piece = bytes < PIECE ? bytes : PIECE;
        MPI_Request request;
        MPI_Ibcast(at, (int)piece, MPI_BYTE, root, comm->world, &request);
        wait_for(&request);
        bytes -= piece;
    }
}

void comm_sum_i64(Comm *comm, int64_t *values, size_t count)
{
    for (; count > 0;) {
        size_t piece = count < PIECE ? count : PIECE;
        all_reduce(comm, values, (int)piece, MPI_INT64_T, MPI_SUM);
        values += piece;
        count -= piece;
    }
}

void comm_max_u64(Comm *comm, uint64_t *values, size_t count)
{
    all_reduce(comm, values, (int)count, MPI_UINT64_T, MPI_MAX);
}

void comm_barrier(Comm *comm)
{
    int nothing = 0;
    all_reduce(comm, &nothing, 1, MPI_INT, MPI_SUM);
}

bool comm_all_equal(Comm *comm, uint64_t value)
{
    uint64_t extremes[2] = {value, ~value};
    comm_max_u64(comm, extremes, 2);
    return extremes[0] == ~extremes[1];
}

void comm_send(Comm *comm, const void *data, size_t bytes, int to)
{
    const char *at = data;
    for (; bytes > 0; at += PIECE) {
        size_t piece = bytes < PIECE ? bytes : PIECE;
        MPI_Request request;
        MPI_Isend(at, (int)piece, MPI_BYTE, to, 0, comm->world, &request);
        wait_for(&request);
        bytes -= piece;
    }
}

void comm_receive(Comm *comm, void *data, size_t bytes, int from)
{
    char *at = data;
    for (; bytes > 0; at += PIECE) {
        size_t piece = bytes < PIECE ? bytes : PIECE;
        MPI_Request request;
        MPI_Irecv(at, (int)piece, MPI_BYTE, from, 0, comm->world, &request);
        wait_for(&request);
        bytes -= piece;
    }
}

void comm_await(Comm *comm, int from)
{
    static const struct timespec nap = {.tv_nsec = 100000};
    int here = 0;
    pulse_wait_begin();
    for (;;) {
        MPI_Iprobe(from, 0, comm->world, &here, MPI_STATUS_IGNORE);
        if (here) break;
        nanosleep(&nap, NULL);
    }
    pulse_wait_end();
}

void comm_gather(Comm *comm, const void *own, size_t bytes, void *all)
{
    MPI_Request request;
    MPI_Igather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, 0, comm->world, &request);
    wait_for(&request);
}

/* --- split-phase sums --- */

static void start_sum(Comm *comm, int slot, void *values, size_t count, MPI_Datatype type)
{
    if (count > INT_MAX) die("MPI: a bucket of %zu elements is too large", count);
    comm->request[slot] = MPI_REQUEST_NULL;
    if (comm->size > 1)
        MPI_Iallreduce(MPI_IN_PLACE, values, (int)count, type, MPI_SUM, comm->world,
                       &comm->request[slot]);
}

void comm_start_sum_i64(Comm *comm, int slot, int64_t *values, size_t count)
{
    start_sum(comm, slot, values, count, MPI_INT64_T);
}

void comm_start_sum_f32(Comm *comm, int slot, float *values, size_t count)
{
    start_sum(comm, slot, values, count, MPI_FLOAT);
}

bool comm_test(Comm *comm, int slot)
{
    if (comm->size == 1) return true;
    int done = 0;
    MPI_Test(&comm->request[slot], &done, MPI_STATUS_IGNORE);
    return done;
}

/* --- parts --- */

static Comm *adopt(MPI_Comm world)
{
    if (world == MPI_COMM_NULL) return NULL;
    Comm *comm = calloc(1, sizeof *comm);
    if (!comm) die("MPI: out of memory");
    *comm = (Comm){.world = world, .window = MPI_WIN_NULL};
    MPI_Comm_rank(world, &comm->rank);
    MPI_Comm_size(world, &comm->size);
    return comm;
}

Comm *comm_split(Comm *comm, int group)
{
    MPI_Comm world;
    MPI_Comm_split(comm->world, group, comm->rank, &world);
    return adopt(world);
}

Comm *comm_split_node(Comm *comm)
{
    MPI_Comm world;
    MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &world);
    return adopt(world);
}

Comm *comm_split_leaders(Comm *comm, const Comm *node)
{
    MPI_Comm world;
    MPI_Comm_split(comm->world, node->rank == 0 ? 0 : MPI_UNDEFINED, comm->rank, &world);
    return adopt(world);
}

void comm_free(Comm *comm)
{
    if (!comm) return;
    if (comm->window != MPI_WIN_NULL) MPI_Win_free(&comm->window);
    MPI_Comm_free(&comm->world);
    free(comm);
}

/* "Open MPI 4.1.4" from "Open MPI v4.1.4, package: …", "MPICH 4.0.2" from "MPICH
 * Version: 4.0.2\n…". */
const char *comm_library(void)
{
    static char text[64];
    char whole[MPI_MAX_LIBRARY_VERSION_STRING], *rest = NULL;
    int length = 0;
    MPI_Get_library_version(whole, &length);
    whole[strcspn(whole, ",\n")] = 0;
    *text = 0;
    for (char *word = strtok_r(whole, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (strcmp(word, "Version:") == 0) continue;
        bool is_version = word[0] == 'v' && word[1] >= '0' && word[1] <= '9';
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "", word + is_version);
    }
    return text;
}

static bool read_setting(const char *name, char *text)
{
    int index, count;
    MPI_T_cvar_handle handle;
    if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS ||
        MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) != MPI_SUCCESS)
        return false;
    bool ok = count <= SETTING_BYTES && MPI_T_cvar_read(handle, text) == MPI_SUCCESS;
    MPI_T_cvar_handle_free(&handle);
    return ok;
}

bool comm_setting(const char *name, char *value, size_t bytes)
{
    int provided;
    char text[SETTING_BYTES] = "";
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return false;
    bool ok = read_setting(name, text);
    MPI_T_finalize();
    if (ok) snprintf(value, bytes, "%s", text);
    return ok;
}

/* Where the file behind shared memory has no room, Open MPI 4.1 tells one rank of it and lets the others hang. */
static bool has_room(size_t bytes)
{
    char folder[SETTING_BYTES] = "/dev/shm";
    struct statvfs info;
    comm_setting("osc_sm_backing_directory", folder, sizeof folder);
    return statvfs(folder, &info) == 0 &&
           (uint64_t)info.f_bavail * info.f_frsize > bytes + bytes / 16 + ((size_t)1 << 20);
}

void *comm_share(Comm *node, size_t bytes)
{
    enum { ALIGNMENT = 64 };
    void *memory;
    MPI_Aint size;
    int unit;
    int64_t refused = node->rank == 0 && !has_room(bytes);
    comm_sum_i64(node, &refused, 1);
    if (refused) return NULL;
    MPI_Win_allocate_shared(node->rank == 0 ? (MPI_Aint)(bytes + ALIGNMENT) : 0, 1, MPI_INFO_NULL,
                            node->world, &memory, &node->window);
    MPI_Win_shared_query(node->window, 0, &size, &unit, &memory);
    /* Each rank has an address of its own for it, of the same page and so of the same alignment. */
    return (char *)memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
}
