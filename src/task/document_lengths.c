#include "task/document_lengths.h"

#include <stdlib.h>

#include "base/mem.h"

enum { EXACT = 1 << 16, CLASSES = 33 };

struct document_lengths {
    uint64_t documents;
    uint32_t min, max;
    uint64_t exact[EXACT];     // documents of this length
    uint64_t classes[CLASSES]; // 0: of length 0; i: of 2^(i-1) to 2^i - 1
};

struct document_lengths *document_lengths_new(void)
{
    return mem_zalloc(sizeof(struct document_lengths));
}

void document_lengths_free(struct document_lengths *l)
{
    free(l);
}

static int class_of(uint32_t tokens)
{
    return tokens ? 32 - __builtin_clz(tokens) : 0;
}

void document_lengths_add(struct document_lengths *l, uint32_t tokens)
{
    if (l->documents == 0 || tokens < l->min) l->min = tokens;
    if (tokens > l->max) l->max = tokens;
    if (tokens < EXACT) l->exact[tokens]++;
    l->classes[class_of(tokens)]++;
    l->documents++;
}

// The shortest length that `percent` of the documents don't exceed.
static json_t *percentile(const struct document_lengths *l, uint64_t percent)
{
    uint64_t seen = 0, rank = l->documents / 100 * percent + (l->documents % 100 * percent + 99) / 100;
    for (int i = 0; i < EXACT; i++) {
        seen += l->exact[i];
        if (seen >= rank) return json_integer(i);
    }
    return json_null();
}

static json_t *histogram(const struct document_lengths *l)
{
    json_t *classes = json_array();
    for (int i = class_of(l->min); i <= class_of(l->max); i++) {
        uint64_t from = i ? 1ull << (i - 1) : 0;
        json_t *one = json_pack("{s:I, s:I, s:I}", "from", (json_int_t)from, "to", (json_int_t)(i ? 2 * from - 1 : 0),
                                "documents", (json_int_t)l->classes[i]);
        if (!one || json_array_append_new(classes, one) != 0) mem_exhausted(0);
    }
    return classes;
}

json_t *document_lengths_json(const struct document_lengths *l)
{
    if (l->documents == 0) return NULL;
    json_t *v = json_pack("{s:I, s:o, s:o, s:I, s:o}", "min", (json_int_t)l->min, "median", percentile(l, 50), "p95",
                          percentile(l, 95), "max", (json_int_t)l->max, "histogram", histogram(l));
    if (!v) mem_exhausted(0);
    return v;
}
