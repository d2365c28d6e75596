// One connection to a PostgreSQL server: opening it, sending ahead and reading answers, what errors mean.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/postgres_internal.h"

// ---- errors -------------------------------------------------------------------------------------------------------

static const struct {
    const char *prefix; // of SQLSTATE; the first that fits
    int code;
    const char *what;
} meanings[] = {
    {"08", HW_EUNAVAILABLE, "the database is away"},
    {"57P", HW_EUNAVAILABLE, "the database is away"},
    {"57014", HW_ETIMEOUT, "the database gave up"},
    {"53100", HW_EDISKFULL, "the database can't grow"},
    {"53", HW_EUNAVAILABLE, "the database has no room"},
    {"55P03", HW_EUNAVAILABLE, "the database is locked by another program"},
    {"25P03", HW_EUNAVAILABLE, "the database ended a transaction that stood still"},
    {"25006", HW_EUNAVAILABLE, "the database can't be written"}, // a server that is a copy of another
    {"40", HW_EUNAVAILABLE, "the database gave way to another program"},
    {"23", HW_ECONFLICT, "the database refuses it"},
    {"22", HW_EVALIDATION, "the database refuses it"},
    {"28", HW_EINVALID, "the database refuses this user"},
    {"3D", HW_EINVALID, "no such database"},
    {"42501", HW_EINVALID, "the database refuses this user"},
    {"42", HW_EINTERNAL, "statement"},
    {"", HW_EIO, "database"},
};

// The first line of a text of libpq's.
static int first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

static int away(struct pg_conn *c, struct err *e)
{
    const char *text = PQerrorMessage(c->h);
    c->broken = true;
    c->sqlstate[0] = 0;
    return err_set(e, HW_EUNAVAILABLE, "the database is away: %.*s", first_line(text), text);
}

int pg_fail(struct pg_conn *c, const PGresult *r, struct err *e)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *detail = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL) : NULL;
    if (!state) return away(c, e);
    size_t i = 0;
    while (strncmp(state, meanings[i].prefix, strlen(meanings[i].prefix)) != 0) i++;
    snprintf(c->sqlstate, sizeof c->sqlstate, "%s", state);
    if (c->reading && strcmp(state, "25006") == 0) return err_set(e, HW_EINTERNAL, "a read tries to write: %s", text);
    // After these the server ends the session, or it is of no use to us.
    if (meanings[i].code == HW_EUNAVAILABLE && strncmp(state, "40", 2) != 0 && strcmp(state, "55P03") != 0)
        c->broken = true;
    return err_set(e, meanings[i].code, "%s: %s%s%s", meanings[i].what, text ? text : state, detail ? ": " : "",
                   detail ? detail : "");
}

// ---- opening ------------------------------------------------------------------------------------------------------

// Plans are made once, for any parameters, and by the index that has the rows in their order wherever there is one
// ("off" only makes the others dear): a plan that was made while a table was empty is as good when it has grown. What a
// plan costs is the rows it looks at. A session that stands still in a transaction (a stopped server) gives up what it
// holds.
const char pg_session[] = "SET plan_cache_mode = force_generic_plan;"
                          "SET enable_seqscan = off;"
                          "SET enable_bitmapscan = off;"
                          "SET enable_sort = off;"
                          "SET seq_page_cost = 0.001;"
                          "SET random_page_cost = 0.001;"
                          "SET jit = off;"
                          "SET TimeZone = 'UTC';"
                          "SET lock_timeout = '10s';"
                          "SET idle_in_transaction_session_timeout = '60s';"
                          "SET client_min_messages = warning";

static void ignore_notice(void *ctx, const PGresult *r)
{
    (void)ctx, (void)r;
}

int pg_connect(struct pg_conn **out, const char *url, struct err *e)
{
    // What stands before the URL gives way to what it says. A server that vanished from the network is missed after
    // some 25 s.
    static const char *const names[] = {"connect_timeout", "application_name",    "tcp_user_timeout",
                                        "keepalives_idle", "keepalives_interval", "keepalives_count",
                                        "dbname",          "client_encoding",     NULL};
    const char *const values[] = {"5", "headway", "15000", "10", "5", "3", url, "UTF8", NULL};
    struct pg_conn *c = mem_zalloc(sizeof *c);
    list_init(&c->node);
    map_init(&c->cache);
    c->h = PQconnectdbParams(names, values, 1);
    if (!c->h) mem_exhausted(sizeof *c);
    int rc = PQstatus(c->h) == CONNECTION_OK ? 0 : away(c, e);
    if (!rc) {
        PQsetNoticeReceiver(c->h, ignore_notice, NULL);
        rc = pg_script(c, pg_session, e);
    }
    if (!rc && PQserverVersion(c->h) < 130000)
        rc = err_set(e, HW_EUNSUPPORTED, "the database is PostgreSQL %d; 13 or newer is needed",
                     PQserverVersion(c->h) / 10000);
    if (!rc && !PQenterPipelineMode(c->h)) rc = away(c, e);
    if (rc) {
        pg_conn_free(c);
        return rc;
    }
    c->used_us = clock_mono_us();
    *out = c;
    return 0;
}

void pg_conn_free(struct pg_conn *c)
{
    if (!c) return;
    pg_cache_clear(c);
    PQfinish(c->h);
    free(c);
}

// ---- sending and reading ------------------------------------------------------------------------------------------

void pg_send(struct pg_conn *c, const char *text)
{
    // A connection that has been lost is noticed when answers are read.
    if (!c->broken && PQsendQueryParams(c->h, text, 0, NULL, NULL, NULL, NULL, 0)) c->ahead++;
}

// The next command's result; the NULL behind it is read, too.
static PGresult *next(struct pg_conn *c)
{
    PGresult *r = PQgetResult(c->h), *more;
    while (r && (more = PQgetResult(c->h)) != NULL) {
        PQclear(r);
        r = more;
    }
    return r;
}

static bool good(const PGresult *r)
{
    ExecStatusType s = PQresultStatus(r);
    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

// Reads the answers to `n` commands. The first error is kept; of what came after it the server has done nothing.
static int read_answers(struct pg_conn *c, int n, PGresult **last, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < n; i++) {
        PGresult *r = next(c);
        bool ok = r && good(r);
        if (ok && PQresultStatus(r) == PGRES_COMMAND_OK) c->changes += atoll(PQcmdTuples(r));
        if (!ok && !rc) rc = pg_fail(c, r, e);
        if (ok && last && i == n - 1)
            *last = r;
        else
            PQclear(r);
        if (!r) return rc; // the connection is gone
    }
    return rc;
}

static int settle(struct pg_conn *c, int n, PGresult **last, struct err *e)
{
    c->ahead = 0;
    if (c->broken) return away(c, e);
    if (!PQpipelineSync(c->h)) return away(c, e);
    int rc = read_answers(c, n, last, e);
    if (PQstatus(c->h) == CONNECTION_OK) {
        PGresult *sync = PQgetResult(c->h);
        if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC) c->broken = true;
        PQclear(sync);
    }
    if (PQstatus(c->h) != CONNECTION_OK) c->broken = true;
    if (c->broken && last) {
        PQclear(*last);
        *last = NULL;
    }
    if (c->broken && !rc) rc = away(c, e);
    if (!c->broken) c->used_us = clock_mono_us();
    return rc;
}

int pg_settle(struct pg_conn *c, struct err *e)
{
    return c->ahead ? settle(c, c->ahead, NULL, e) : c->broken ? away(c, e) : 0;
}

PGresult *pg_result(struct pg_conn *c, struct err *e)
{
    PGresult *r = NULL;
    return settle(c, c->ahead + 1, &r, e) ? NULL : r;
}

int pg_run(struct pg_conn *c, const char *text, char status[32], struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    if (c->broken || !PQsendQueryParams(c->h, text, 0, NULL, NULL, NULL, NULL, 0)) return away(c, e);
    PGresult *r = pg_result(c, e);
    if (!r) return e->code;
    if (status) snprintf(status, 32, "%s", PQcmdStatus(r));
    PQclear(r);
    return 0;
}

int pg_script(struct pg_conn *c, const char *text, struct err *e)
{
    bool piped = PQpipelineStatus(c->h) != PQ_PIPELINE_OFF;
    if (piped && !PQexitPipelineMode(c->h)) return away(c, e);
    PGresult *r = PQexec(c->h, text);
    int rc = r && good(r) ? 0 : pg_fail(c, r, e);
    PQclear(r);
    if (piped && !PQenterPipelineMode(c->h) && !rc) rc = away(c, e);
    return rc;
}

int pg_number(struct pg_conn *c, const char *text, int64_t *out, struct err *e)
{
    struct err own = {0};
    if (!e) e = &own;
    if (c->broken || !PQsendQueryParams(c->h, text, 0, NULL, NULL, NULL, NULL, 0)) return away(c, e);
    PGresult *r = pg_result(c, e);
    if (!r) return e->code;
    *out = PQntuples(r) && !PQgetisnull(r, 0, 0) ? atoll(PQgetvalue(r, 0, 0)) : 0;
    PQclear(r);
    return 0;
}
