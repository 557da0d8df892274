/* The ledger of unreadable images. */
#include "train/ledger.h"

#include "data/csv.h"
#include "io/file.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_BYTES = 252, PATH_BYTES = 1024 };

/* As it travels to rank 0. */
typedef struct Entry {
    uint32_t record;
    char reason[REASON_BYTES];
} Entry;

struct Ledger {
    const Pack *pack;
    Comm *comm;
    char path[PATH_BYTES];
    pthread_mutex_t lock; /* of the list */
    Entry *entry;         /* (count) noted on this rank since the last collection */
    size_t count, capacity;
    bool *written; /* rank 0: (records) are in the file */
    size_t records;
};

/* --- the file --- */

static const char header[] = "record,split,path,reason\n";

static bool append(Ledger *ledger, const Entry *entry, size_t count, Error *err)
{
    bool fresh = !file_exists(ledger->path);
    FILE *file = fopen(ledger->path, "a");
    if (file && fresh) fputs(header, file);
    for (size_t i = 0; file && i < count; i++) {
        uint32_t record = entry[i].record;
        if (ledger->written[record]) continue;
        fprintf(file, "%u,%s,", record, split_name(pack_split_of(ledger->pack, record)));
        csv_write_field(file, pack_record_path(ledger->pack, record));
        fputc(',', file);
        csv_write_field(file, entry[i].reason);
        fputc('\n', file);
        ledger->written[record] = true;
        ledger->records++;
    }
    bool ok = file && !ferror(file);
    if (file && fclose(file) != 0) ok = false;
    return ok ||
           error_set(err, ERROR_SYSTEM, "cannot append to %s: %s", ledger->path, strerror(errno));
}

/* Marks the records of complete lines; a torn last line is cut off. */
static bool read_written(Ledger *ledger, Error *err)
{
    uint8_t *data;
    size_t bytes;
    if (!file_exists(ledger->path)) return true;
    if (!file_read(ledger->path, &data, &bytes, err)) return false;
    size_t whole = bytes;
    while (whole > 0 && data[whole - 1] != '\n') whole--;
    bool ok = whole == bytes || file_write(ledger->path, data, whole, err);
    const char *line = (const char *)data, *end = line + whole;
    while (line < end) {
        char *behind;
        unsigned long record = strtoul(line, &behind, 10);
        if (behind > line && *behind == ',' && record < pack_records(ledger->pack) &&
            !ledger->written[record]) {
            ledger->written[record] = true;
            ledger->records++;
        }
        line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
    }
    free(data);
    return ok;
}

Ledger *ledger_open(const Pack *pack, const char *path, Comm *comm, Error *err)
{
    Ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) die("ledger: out of memory");
    *ledger = (Ledger){.pack = pack, .comm = comm};
    snprintf(ledger->path, sizeof ledger->path, "%s", path);
    pthread_mutex_init(&ledger->lock, NULL);
    if (comm_rank(comm) != 0) return ledger;
    ledger->written = calloc(pack_records(pack) + 1, sizeof *ledger->written);
    if (!ledger->written) die("ledger: out of memory for %zu records", pack_records(pack));
    if (read_written(ledger, err)) return ledger;
    ledger_close(ledger);
    return NULL;
}

void ledger_close(Ledger *ledger)
{
    if (!ledger) return;
    pthread_mutex_destroy(&ledger->lock);
    free(ledger->entry);
    free(ledger->written);
    free(ledger);
}

/* --- notes --- */

void ledger_note(void *context, uint32_t record, const char *reason)
{
    Ledger *ledger = context;
    pthread_mutex_lock(&ledger->lock);
    if (ledger->count == ledger->capacity) {
        ledger->capacity = ledger->capacity ? 2 * ledger->capacity : 64;
        ledger->entry = realloc(ledger->entry, ledger->capacity * sizeof *ledger->entry);
        if (!ledger->entry) die("ledger: out of memory for %zu entries", ledger->capacity);
    }
    Entry *entry = &ledger->entry[ledger->count++];
    entry->record = record;
    snprintf(entry->reason, sizeof entry->reason, "%s", reason);
    pthread_mutex_unlock(&ledger->lock);
}

/* --- collection --- */

/* Takes the entries of rank `from` and writes them. */
static void receive_entries(Ledger *ledger, int from, Error *err)
{
    uint64_t count;
    comm_receive(ledger->comm, &count, sizeof count, from);
    if (count == 0) return;
    Entry *entry = calloc(count, sizeof *entry);
    if (!entry) die("ledger: out of memory for %llu entries", (unsigned long long)count);
    comm_receive(ledger->comm, entry, count * sizeof *entry, from);
    append(ledger, entry, count, err);
    free(entry);
}

bool ledger_collect(Ledger *ledger, Error *err)
{
    Comm *comm = ledger->comm;
    int64_t total = (int64_t)ledger->count; /* no worker is at work */
    comm_sum_i64(comm, &total, 1);
    if (total == 0) return true;
    uint64_t count = ledger->count;
    if (comm_rank(comm) == 0) {
        append(ledger, ledger->entry, ledger->count, err);
        for (int r = 1; r < comm_size(comm); r++) receive_entries(ledger, r, err);
    } else {
        comm_send(comm, &count, sizeof count, 0);
        if (count > 0) comm_send(comm, ledger->entry, count * sizeof *ledger->entry, 0);
    }
    ledger->count = 0;
    return comm_agree(comm, err);
}

size_t ledger_records(const Ledger *ledger)
{
    return ledger->records;
}
