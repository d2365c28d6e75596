// Whether a query costs what it returns, whatever the table holds: the same short trainings, read before and after many
// long ones were written beside them. Usage: metric_scale URL TRAININGS ROWS (of each long one)
#include "metric_load.h"

enum { SHORT = 1000, SHORT_ROWS = 100, TOGETHER = TOGETHER_MAX, REPORT = 5000, READS = 2000, READS_TOGETHER = 200 };

static void measure(struct work *w, const char *what, int reads, void (*choose)(struct work *w, int i), store_fn read)
{
    int64_t *took = mem_array((size_t)reads, sizeof *took);
    struct err e = {0};
    for (int i = 0; i < reads; i++) {
        choose(w, i);
        int64_t begun = clock_mono_us();
        if (store_read_wait(w->s, read, w, &e) != 0) stop(what, &e);
        took[i] = clock_mono_us() - begun;
    }
    qsort(took, (size_t)reads, sizeof *took, by_value);
    printf("  %-52s median %6.2f ms, 99 %% within %6.2f, longest %6.2f; %lld rows\n", what,
           (double)took[reads / 2] / 1e3, (double)took[reads - 1 - reads / 100] / 1e3, (double)took[reads - 1] / 1e3,
           (long long)w->rows);
    fflush(stdout);
    free(took);
}

static const struct metric_query all_rows = {.to_step = INT64_MAX, .layer = METRIC_LAYER_ANY};

static void one_short(struct work *w, int i)
{
    w->query = all_rows;
    training_name(w->id, i * 617 % SHORT);
}

static void many_short(struct work *w, int i)
{
    w->name = training_name, w->count = TOGETHER;
    w->first = i * 13 % (SHORT - TOGETHER);
}

static int long_trainings;
static int64_t long_rows;

static void long_name(char out[24], int i)
{
    snprintf(out, 24, "trn_long_%06d", i);
}

static void end_of_a_long_one(struct work *w, int i)
{
    w->query = all_rows;
    w->query.from_step = long_rows - SHORT_ROWS;
    long_name(w->id, i * 617 % long_trainings);
}

static void all_of_a_long_one(struct work *w, int i)
{
    end_of_a_long_one(w, i);
    w->query.from_step = 0, w->query.max_points = 2000;
}

static void many_long(struct work *w, int i)
{
    w->name = long_name, w->count = long_trainings < TOGETHER ? long_trainings : TOGETHER;
    w->first = i * 13 % (long_trainings - w->count + 1);
}

static void measure_short(struct work *w)
{
    measure(w, "one of 1,000 trainings, its 100 rows", READS, one_short, get);
    measure(w, "lowest loss over 100 of them", READS_TOGETHER, many_short, get_lowest);
}

int main(int argc, char **argv)
{
    struct work w = {0};
    struct err e = {0};
    if (argc != 4) return fprintf(stderr, "usage: metric_scale URL TRAININGS ROWS\n"), 2;
    long_trainings = atoi(argv[2]), long_rows = atoll(argv[3]);
    if (long_trainings < 1 || long_rows < 1) return fprintf(stderr, "metric_scale: nothing to write\n"), 2;
    if (store_open(&w.s, argv[1], &e) != 0) stop(argv[1], &e);
    for (int i = 0; i < SHORT; i++) {
        char id[24];
        training_name(id, i);
        fill(&w, id, SHORT_ROWS, true, SHORT_ROWS);
    }
    printf("with %d rows\n", SHORT * SHORT_ROWS);
    measure_short(&w);
    int64_t begun = clock_mono_us();
    for (int i = 0; i < long_trainings; i++) {
        char id[24];
        long_name(id, i);
        fill(&w, id, long_rows, true, REPORT);
        if (i % 50 == 49 || i + 1 == long_trainings) fprintf(stderr, "\r%d of %d trainings", i + 1, long_trainings);
    }
    double seconds = (double)(clock_mono_us() - begun) / 1e6;
    double rows = (double)long_trainings * (double)long_rows;
    printf("\nwith %.0f more, written in %.0f s (%.0f rows/s, with sums)\n", rows, seconds, rows / seconds);
    measure_short(&w);
    measure(&w, "the last 100 rows of a long one", READS, end_of_a_long_one, get);
    measure(&w, "all of a long one to 2,000 points", READS_TOGETHER, all_of_a_long_one, get);
    measure(&w, "lowest loss over 100 long ones", READS_TOGETHER, many_long, get_lowest);
    store_close(w.s);
    return 0;
}
