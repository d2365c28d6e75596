#include "term/bars.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024 }; // bars are short

// ---- pieces of a line ---------------------------------------------------------------------------------------------

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_spaces(struct slice *s)
{
    while (s->n && s->p[0] == ' ') s->p++, s->n--;
}

static bool take(struct slice *s, const char *text)
{
    if (!slice_starts(*s, text)) return false;
    size_t n = strlen(text);
    s->p += n, s->n -= n;
    return true;
}

// "45", "45.3"
static bool take_number(struct slice *s, double *out)
{
    double v = 0, scale = 1;
    size_t i = 0;
    for (; i < s->n && is_digit(s->p[i]) && i < 18; i++) v = v * 10 + (s->p[i] - '0');
    if (i == 0 || (i < s->n && is_digit(s->p[i]))) return false;
    if (i + 1 < s->n && s->p[i] == '.' && is_digit(s->p[i + 1]))
        for (i++; i < s->n && is_digit(s->p[i]); i++) v += (s->p[i] - '0') * (scale /= 10);
    s->p += i, s->n -= i;
    *out = v;
    return true;
}

// "45", "12.3k", "1.2Mi": a count, with what multiplies it.
static bool take_count(struct slice *s, double base, double *out)
{
    static const char letters[] = "kMGTP";
    if (!take_number(s, out)) return false;
    char c = s->n ? s->p[0] == 'K' ? 'k' : s->p[0] : 0;
    const char *hit = c ? strchr(letters, c) : NULL;
    if (!hit) return true;
    s->p++, s->n--;
    if (take(s, "i")) base = 1024;
    for (const char *p = letters; p <= hit; p++) *out *= base;
    return true;
}

static bool take_whole(struct slice *s, int64_t *out)
{
    double v;
    struct slice at = *s;
    if (!take_number(&at, &v) || (at.n && at.p[0] == '.') || v > 9e15) return false;
    *s = at;
    *out = (int64_t)v;
    return true;
}

static const char *find(struct slice s, const char *text)
{
    return s.n ? memmem(s.p, s.n, text, strlen(text)) : NULL;
}

static struct slice after(struct slice s, const char *at)
{
    return slice_of(at, (size_t)(s.p + s.n - at));
}

static bool set(struct term_bar *b, double done, double total, const char *unit)
{
    if (done > 9e15 || total > 9e15 || (total >= 0 && done > total)) return false;
    b->done = (int64_t)done;
    b->total = total < 0 ? -1 : (int64_t)total;
    snprintf(b->unit, sizeof b->unit, "%s", unit);
    return true;
}

static bool set_percent(struct term_bar *b, double percent)
{
    return percent <= 100 && set(b, percent, 100, "%");
}

static void set_label(struct term_bar *b, struct slice label)
{
    label = slice_trim(label);
    while (label.n && label.p[label.n - 1] == ':') label.n--;
    if (label.n >= sizeof b->label) {
        label.n = sizeof b->label - 1;
        while (label.n && ((unsigned char)label.p[label.n] & 0xc0) == 0x80) label.n--; // no half a character
    }
    if (label.n) memcpy(b->label, label.p, label.n);
    b->label[label.n] = 0;
}

// The last "NN%" before `end`, NULL: of the whole line. A number that belongs to a word ("v2.45%") is none.
static bool percent_before(struct slice s, const char *end, double *out, const char **begin)
{
    for (const char *p = end ? end : s.p + s.n; p > s.p;) {
        const char *hit = memrchr(s.p, '%', (size_t)(p - s.p));
        if (!hit) return false;
        const char *b = hit;
        while (b > s.p && (is_digit(b[-1]) || b[-1] == '.')) b--;
        struct slice number = slice_of(b, (size_t)(hit - b));
        bool apart = b == s.p || b[-1] == ' ' || b[-1] == '[' || b[-1] == '(' || b[-1] == '|' || b[-1] == ':';
        if (apart && take_number(&number, out) && number.n == 0 && *out <= 100) {
            *begin = b;
            return true;
        }
        p = hit;
    }
    return false;
}

// ---- the programs -------------------------------------------------------------------------------------------------

// "9.9it/s" and "1.01s/it" name the unit; "?it/s" does as well.
static void tqdm_unit(struct slice rate, char *out, size_t size)
{
    const char *slash = find(rate, "/");
    if (!slash) return;
    struct slice head = slice_of(rate.p, (size_t)(slash - rate.p)), tail = after(rate, slash + 1);
    double v;
    if (!take_count(&head, 1000, &v)) (void)take(&head, "?");
    // Seconds a unit, or units a second.
    struct slice unit = slice_is(head, "s") && !slice_starts(tail, "s]") ? tail : head;
    size_t n = 0;
    while (n < unit.n && unit.p[n] != ']' && unit.p[n] != ',' && unit.p[n] != ' ') n++;
    snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), unit.p);
}

// "train:  45%|████▌     | 45/100 [00:04<00:05,  9.9it/s]"
static bool read_tqdm(struct slice line, struct term_bar *b)
{
    const char *bar = find(line, "%|"), *end = bar ? memchr(bar + 2, '|', (size_t)(line.p + line.n - bar - 2)) : NULL;
    double percent, done, total;
    const char *begin;
    if (!end || !percent_before(line, bar + 1, &percent, &begin)) return false;
    struct slice rest = after(line, end + 1);
    skip_spaces(&rest);
    if (!take_count(&rest, 1000, &done) || !take(&rest, "/") || !take_count(&rest, 1000, &total)) return false;
    bool bytes = take(&rest, "B");
    skip_spaces(&rest);
    if (!take(&rest, "[")) return false;
    char unit[16] = "";
    const char *comma = memchr(rest.p, ',', rest.n);
    if (comma) tqdm_unit(slice_trim(after(rest, comma + 1)), unit, sizeof unit);
    set_label(b, slice_of(line.p, (size_t)(begin - line.p)));
    return set(b, done, total, bytes || strcmp(unit, "B") == 0 ? "bytes" : unit);
}

// "train: 123it [00:04, 9.90it/s]": no total.
static bool read_tqdm_open(struct slice line, struct term_bar *b)
{
    const char *open = find(line, " ["), *comma = open ? memchr(open, ',', (size_t)(line.p + line.n - open)) : NULL;
    if (!comma || line.p[line.n - 1] != ']' || !find(after(line, comma), "/")) return false;
    const char *word = open;
    while (word > line.p && word[-1] != ' ') word--;
    struct slice count = slice_of(word, (size_t)(open - word)), clock = slice_of(open + 2, (size_t)(comma - open - 2));
    double done;
    if (!take_count(&count, 1000, &done) || count.n == 0 || count.n > 12 || !find(clock, ":")) return false;
    char unit[16] = "";
    tqdm_unit(slice_trim(after(line, comma + 1)), unit, sizeof unit);
    if (!unit[0] || !slice_is(count, unit)) return false;
    set_label(b, slice_of(line.p, (size_t)(word - line.p)));
    return set(b, done, -1, unit);
}

// "12.3/45.6 MB"
static bool take_sizes(struct slice s, double *done, double *total)
{
    for (const char *slash = s.p; s.n && (slash = memchr(slash, '/', (size_t)(s.p + s.n - slash))); slash++) {
        const char *b = slash;
        while (b > s.p && (is_digit(b[-1]) || b[-1] == '.')) b--;
        struct slice number = slice_of(b, (size_t)(slash - b)), rest = after(s, slash + 1);
        if (!take_number(&number, done) || number.n || !take_number(&rest, total)) continue;
        double unit = 0;
        if (take(&rest, " bytes")) unit = 1;
        if (take(&rest, " kB")) unit = 1e3;
        if (take(&rest, " KiB")) unit = 1024;
        if (take(&rest, " MB")) unit = 1e6;
        if (take(&rest, " MiB")) unit = 1048576;
        if (take(&rest, " GB")) unit = 1e9;
        if (take(&rest, " GiB")) unit = 1073741824;
        if (unit == 0) continue;
        *done *= unit, *total *= unit;
        return true;
    }
    return false;
}

static const char *heavy_line(struct slice line)
{
    static const char *const drawn[] = {"\u2501", "\u2578", "\u257a"}; // ━ ╸ ╺
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        const char *hit = find(line, drawn[i]);
        if (hit) return hit;
    }
    return NULL;
}

// rich and what is made of it (pip, keras): "Working ━━━━━━━╸━━━  45% 0:00:05", "━━━━ 12.3/45.6 MB 1.2 MB/s eta
// 0:00:28"
static bool read_rich(struct slice line, struct term_bar *b)
{
    const char *bar = heavy_line(line), *begin;
    if (!bar) return false;
    double done, total, percent;
    set_label(b, slice_of(line.p, (size_t)(bar - line.p)));
    if (take_sizes(after(line, bar), &done, &total)) return set(b, done, total, "bytes");
    struct slice rest = after(line, bar), head = slice_trim(slice_of(line.p, (size_t)(bar - line.p)));
    if (percent_before(rest, NULL, &percent, &begin)) return set_percent(b, percent);
    // keras: "45/100 ━━━━━━━━━━━━ 4s 9ms/step"
    int64_t of, n;
    if (!take_whole(&head, &n) || !take(&head, "/") || !take_whole(&head, &of) || head.n) return false;
    b->label[0] = 0;
    return set(b, (double)n, (double)of, "");
}

// keras before: "45/100 [========>.....] - ETA: 5s"
static bool read_keras(struct slice line, struct term_bar *b)
{
    int64_t n, of;
    skip_spaces(&line);
    if (!take_whole(&line, &n) || !take(&line, "/") || !take_whole(&line, &of)) return false;
    skip_spaces(&line);
    if (!slice_starts(line, "[=") && !slice_starts(line, "[>") && !slice_starts(line, "[..")) return false;
    return set(b, (double)n, (double)of, "");
}

// " 45 10.0M   45 4608k    0     0  1200k      0  0:00:08  0:00:03  0:00:05 1200k"
static bool read_curl(struct slice line, struct term_bar *b)
{
    struct slice rest = line, word[13];
    int n = 0;
    for (; n < 13; n++) {
        skip_spaces(&rest);
        if (rest.n == 0) break;
        word[n] = slice_cut(&rest, ' ');
    }
    double percent, total, percent_done, done, speed;
    if (n != 12 || word[8].n < 7 || word[10].n < 7 || (!find(word[8], ":") && !find(word[8], "-"))) return false;
    if (!find(word[9], ":") || !take_number(&word[0], &percent) || word[0].n) return false;
    if (!take_count(&word[1], 1024, &total) || word[1].n || !take_number(&word[2], &percent_done) || word[2].n)
        return false;
    if (!take_count(&word[3], 1024, &done) || word[3].n || !take_count(&word[11], 1024, &speed) || word[11].n)
        return false;
    if (done == 0 && total == 0) return false;   // the answer hasn't begun
    if (done > total && total > 0) done = total; // both are rounded
    return set(b, done, total > 0 ? total : -1, "bytes");
}

// "##########                45.3%"
static bool read_hashes(struct slice line, struct term_bar *b)
{
    double percent;
    const char *begin;
    if (line.n < 8 || line.p[0] != '#' || line.p[line.n - 1] != '%') return false;
    if (!percent_before(line, NULL, &percent, &begin)) return false;
    for (const char *p = line.p; p < begin; p++)
        if (*p != '#' && *p != ' ') return false;
    return set_percent(b, percent);
}

// "file.zip            45%[========>          ]  12.34M  1.2MB/s    eta 5s"
static bool read_wget(struct slice line, struct term_bar *b)
{
    const char *bar = find(line, "%["), *begin;
    double percent;
    if (!bar || !memchr(bar, ']', (size_t)(line.p + line.n - bar))) return false;
    if (bar[2] != '=' && bar[2] != '>' && bar[2] != ' ') return false;
    if (!percent_before(line, bar + 1, &percent, &begin)) return false;
    set_label(b, slice_of(line.p, (size_t)(begin - line.p)));
    return set_percent(b, percent);
}

// Without a terminal: "  1500K .......... .......... .......... .......... .......... 45%  1.2M 3s"
static bool read_wget_dots(struct slice line, struct term_bar *b)
{
    int64_t k;
    skip_spaces(&line);
    if (!take_whole(&line, &k) || !take(&line, "K ")) return false;
    size_t dots = 0;
    while (line.n && (line.p[0] == '.' || line.p[0] == ' ' || line.p[0] == ',')) {
        dots += line.p[0] == '.';
        line.p++, line.n--;
    }
    double percent;
    return dots && take_number(&line, &percent) && take(&line, "%") && set_percent(b, percent);
}

// dpkg: "Progress: [ 45%] [##########............]"; apt: "45% [3 libc6 1,234 kB/2,345 kB 52%]"
static bool read_apt(struct slice line, struct term_bar *b)
{
    double percent;
    bool dpkg = take(&line, "Progress: [");
    if (dpkg) skip_spaces(&line);
    if (!take_number(&line, &percent)) return false;
    return take(&line, dpkg ? "%] [" : "% [") && set_percent(b, percent);
}

// ninja: "[12/34] CC foo.o"; cmake: "[ 45%] Building C object"
static bool read_steps(struct slice line, struct term_bar *b)
{
    int64_t n, of = 100;
    if (!take(&line, "[")) return false;
    skip_spaces(&line);
    if (!take_whole(&line, &n)) return false;
    bool percent = take(&line, "%");
    if (!percent && (!take(&line, "/") || !take_whole(&line, &of))) return false;
    if (of < 1 || !take(&line, "] ") || line.n == 0) return false;
    set_label(b, line);
    return set(b, (double)n, (double)of, percent ? "%" : "");
}

static bool read_percent(struct slice line, struct term_bar *b)
{
    double percent;
    const char *begin;
    return percent_before(line, NULL, &percent, &begin) && set_percent(b, percent);
}

// The first that fits; a bare percentage last.
static const struct {
    const char *program;
    enum term_bar_trust trust;
    bool (*read)(struct slice line, struct term_bar *b);
} readers[] = {
    {"tqdm", TERM_BAR_SURE, read_tqdm},
    {"tqdm without a total", TERM_BAR_SURE, read_tqdm_open},
    {"rich", TERM_BAR_SURE, read_rich},
    {"keras", TERM_BAR_SURE, read_keras},
    {"curl", TERM_BAR_SURE, read_curl},
    {"curl -#", TERM_BAR_REDRAWN, read_hashes},
    {"wget", TERM_BAR_SURE, read_wget},
    {"wget without a terminal", TERM_BAR_LINES, read_wget_dots},
    {"apt", TERM_BAR_REDRAWN, read_apt},
    {"ninja, cmake", TERM_BAR_LINES, read_steps},
    {"a percentage", TERM_BAR_REDRAWN, read_percent},
};

bool term_bar_read(struct slice line, struct term_bar *out)
{
    if (line.n == 0 || line.n > LINE_MAX_BYTES) return false;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        *out = (struct term_bar){.program = readers[i].program, .trust = readers[i].trust, .total = -1};
        if (readers[i].read(line, out)) return true;
    }
    return false;
}
