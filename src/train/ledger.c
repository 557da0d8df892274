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
    /* of rank 0 */
    bool *known;      /* (records) in the file, or among the unwritten */
    size_t unwritten; /* of `entry`, from its beginning: each once, waiting for room on the disk */
    size_t records;   /* in the file */
};

/* --- the file --- */

static const char header[] = "record,split,path,reason\n";

/* All of an entry but its reason. */
static void print_place(const Ledger *ledger, uint32_t record, FILE *out)
{
    fprintf(out, "%u,%s,", record, split_name(pack_split_of(ledger->pack, record)));
    csv_write_field(out, pack_record_path(ledger->pack, record));
    fputc(',', out);
}

static void print_entry(const Ledger *ledger, const Entry *entry, FILE *out)
{
    print_place(ledger, entry->record, out);
    csv_write_field(out, entry->reason);
    fputc('\n', out);
}

/* Appends the unwritten entries. If that fails they stay, and are tried again next time. */
static bool write_entries(Ledger *ledger, Error *err)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out && !file_exists(ledger->path)) fputs(header, out);
    for (size_t i = 0; out && i < ledger->unwritten; i++)
        print_entry(ledger, &ledger->entry[i], out);
    if (!out || fclose(out) != 0) die("ledger: out of memory");
    bool ok = file_append(ledger->path, text, bytes, err);
    free(text);
    if (!ok) return false;
    ledger->records += ledger->unwritten;
    ledger->count = ledger->unwritten = 0;
    return true;
}

/* Whether the text goes on as an entry of `record` begins; *at moves behind that. */
static bool skip_place(const Ledger *ledger, uint32_t record, const char **at, const char *end)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out) print_place(ledger, record, out);
    if (!out || fclose(out) != 0) die("ledger: out of memory");
    bool same = (size_t)(end - *at) >= bytes && memcmp(*at, text, bytes) == 0;
    free(text);
    if (same) *at += bytes;
    return same;
}

/* Skips a field in quotes and the end of its line. */
static bool skip_reason(const char **at, const char *end)
{
    const char *c = *at;
    if (c == end || *c != '"') return false;
    for (c++; c < end; c++) {
        if (*c != '"') continue;
        if (c + 1 == end || c[1] != '"') break;
        c++;
    }
    if (end - c < 2 || c[1] != '\n') return false;
    *at = c + 2;
    return true;
}

/* The end of the entry at `line`, whose record it marks. NULL: it is damaged, of another pack, or of a
 * record that is known. */
static const char *take_entry(Ledger *ledger, const char *line, const char *end)
{
    char *behind;
    const char *at = line;
    unsigned long record = strtoul(line, &behind, 10); /* a zero byte follows the text */
    if (behind == line || record >= pack_records(ledger->pack) || ledger->known[record] ||
        !skip_place(ledger, (uint32_t)record, &at, end) || !skip_reason(&at, end))
        return NULL;
    ledger->known[record] = true;
    ledger->records++;
    return at;
}

/* The file as it would be without damage; from malloc. */
static char *whole_entries(Ledger *ledger, const char *text, const char *end, size_t *bytes)
{
    char *whole = NULL;
    FILE *out = open_memstream(&whole, bytes);
    if (out) fputs(header, out);
    while (out && text < end) {
        const char *next = take_entry(ledger, text, end), *newline;
        if (next) {
            fwrite(text, 1, (size_t)(next - text), out);
        } else {
            newline = memchr(text, '\n', (size_t)(end - text));
            next = newline ? newline + 1 : end;
        }
        text = next;
    }
    if (!out || fclose(out) != 0) die("ledger: out of memory");
    return whole;
}

/* Marks what an earlier part of the run has written, and drops from the file what is damaged. A line that
 * a full disk has torn is the last one: it is cut off, where there may be no room for a new file. */
static bool read_written(Ledger *ledger, Error *err)
{
    uint8_t *data;
    size_t bytes, kept;
    if (!file_exists(ledger->path)) return true;
    if (!file_read(ledger->path, &data, &bytes, err)) return false;
    char *whole = whole_entries(ledger, (char *)data, (char *)data + bytes, &kept);
    bool ok, prefix = kept <= bytes && memcmp(data, whole, kept) == 0;
    if (prefix)
        ok = kept == bytes || file_truncate(ledger->path, kept, err);
    else
        ok = file_write(ledger->path, whole, kept, err);
    free(whole);
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
    ledger->known = calloc(pack_records(pack) + 1, sizeof *ledger->known);
    if (!ledger->known) die("ledger: out of memory for %zu records", pack_records(pack));
    if (read_written(ledger, err)) return ledger;
    ledger_close(ledger);
    return NULL;
}

void ledger_close(Ledger *ledger)
{
    if (!ledger) return;
    pthread_mutex_destroy(&ledger->lock);
    free(ledger->entry);
    free(ledger->known);
    free(ledger);
}

/* --- notes --- */

/* Room for `more` entries at the end of the list. */
static Entry *room_for(Ledger *ledger, size_t more)
{
    size_t needed = ledger->count + more;
    if (needed > ledger->capacity) {
        ledger->capacity = needed > 2 * ledger->capacity ? needed : 2 * ledger->capacity;
        ledger->entry = realloc(ledger->entry, ledger->capacity * sizeof *ledger->entry);
        if (!ledger->entry) die("ledger: out of memory for %zu entries", ledger->capacity);
    }
    return ledger->entry + ledger->count;
}

void ledger_note(void *context, uint32_t record, const char *reason)
{
    Ledger *ledger = context;
    pthread_mutex_lock(&ledger->lock);
    Entry *entry = room_for(ledger, 1);
    ledger->count++;
    entry->record = record;
    snprintf(entry->reason, sizeof entry->reason, "%s", reason);
    pthread_mutex_unlock(&ledger->lock);
}

/* --- collection --- */

static void send_entries(Ledger *ledger)
{
    uint64_t count = ledger->count;
    comm_send(ledger->comm, &count, sizeof count, 0);
    if (count > 0) comm_send(ledger->comm, ledger->entry, count * sizeof *ledger->entry, 0);
    ledger->count = 0;
}

static void receive_entries(Ledger *ledger, int from)
{
    uint64_t count;
    comm_receive(ledger->comm, &count, sizeof count, from);
    if (count == 0) return;
    Entry *entry = room_for(ledger, count);
    comm_receive(ledger->comm, entry, count * sizeof *entry, from);
    ledger->count += count;
}

static int by_record(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->record != y->record) return x->record < y->record ? -1 : 1;
    return strcmp(x->reason, y->reason);
}

/* Drops entries of records that are known already: ranks meet the same record in different epochs. The
 * rest is put in order, so that the file does not depend on who has met what. */
static void drop_known(Ledger *ledger)
{
    qsort(ledger->entry + ledger->unwritten, ledger->count - ledger->unwritten,
          sizeof *ledger->entry, by_record);
    for (size_t i = ledger->unwritten; i < ledger->count; i++) {
        Entry *entry = &ledger->entry[i];
        if (ledger->known[entry->record]) continue;
        ledger->known[entry->record] = true;
        ledger->entry[ledger->unwritten++] = *entry;
    }
    ledger->count = ledger->unwritten;
}

bool ledger_collect(Ledger *ledger, Error *err)
{
    Comm *comm = ledger->comm;
    int64_t total = (int64_t)ledger->count; /* no worker is at work */
    comm_sum_i64(comm, &total, 1);
    if (total == 0) return true;
    if (comm_rank(comm) == 0) {
        for (int r = 1; r < comm_size(comm); r++) receive_entries(ledger, r);
        drop_known(ledger);
        if (ledger->unwritten > 0) write_entries(ledger, err);
    } else {
        send_entries(ledger);
    }
    return comm_agree(comm, err);
}

size_t ledger_records(const Ledger *ledger)
{
    return ledger->records;
}
