// The floor: the same rows put into the same table by one thread that does nothing else, with the settings that the
// server's store has (src/store/sqlite.c), so many rows a transaction. Usage: ingest-floor FILE ROWS ROWS_A_TRANSACTION
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <sqlite3.h>

enum { LAYERS = 4 };

static const char SETTINGS[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                               "PRAGMA journal_size_limit = 16777216;"
                               "PRAGMA cache_size = -1024";
static const char TABLE[] =
    "CREATE TABLE training_metrics (training_id INTEGER NOT NULL, layer_idx INTEGER NOT NULL, step INTEGER NOT NULL,"
    " timestamp INTEGER NOT NULL, loss REAL, loss_reconstructed REAL, l0_sparsity REAL, l1_sparsity REAL,"
    " dead_neurons REAL, explained_variance REAL, learning_rate REAL, grad_norm REAL, gpu_memory_used_mb REAL,"
    " samples_per_second REAL, extra TEXT, PRIMARY KEY (training_id, layer_idx, step)) WITHOUT ROWID";
static const char INSERT[] = "INSERT INTO training_metrics VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

static void check(sqlite3 *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE) return;
    fprintf(stderr, "%s\n", sqlite3_errmsg(db));
    exit(1);
}

static double seconds(struct timespec t)
{
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    long long rows = strtoll(argv[2], NULL, 10), a_transaction = strtoll(argv[3], NULL, 10);
    sqlite3 *db;
    sqlite3_stmt *put;
    check(NULL, sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    check(db, sqlite3_exec(db, SETTINGS, NULL, NULL, NULL));
    check(db, sqlite3_exec(db, TABLE, NULL, NULL, NULL));
    check(db, sqlite3_prepare_v3(db, INSERT, -1, SQLITE_PREPARE_PERSISTENT, &put, NULL));
    struct timespec from, to;
    struct rusage used;
    uint64_t seed = 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long long i = 0; i < rows; i++) {
        if (i % a_transaction == 0)
            check(db, sqlite3_exec(db, i ? "COMMIT; BEGIN IMMEDIATE" : "BEGIN IMMEDIATE", NULL, NULL, NULL));
        long long layer = i % (LAYERS + 1);
        check(db, sqlite3_bind_int64(put, 1, 1));
        check(db, sqlite3_bind_int64(put, 2, layer < LAYERS ? layer : -1));
        check(db, sqlite3_bind_int64(put, 3, i / (LAYERS + 1)));
        check(db, sqlite3_bind_int64(put, 4, 1700000000000000 + i));
        for (int k = 5; k < 15; k++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            check(db, sqlite3_bind_double(put, k, (double)(seed >> 11) / 9007199254740992.0));
        }
        check(db, sqlite3_step(put));
        check(db, sqlite3_reset(put));
    }
    check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    clock_gettime(CLOCK_MONOTONIC, &to);
    getrusage(RUSAGE_SELF, &used);
    double took = seconds(to) - seconds(from);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("%.0f %.3f\n", (double)rows / took, cpu * 1e6 / (double)rows);
    sqlite3_finalize(put);
    sqlite3_close(db);
    return 0;
}
