#include "jobs/queue_names.h"

#include <string.h>

bool queue_name_ok(struct slice name)
{
    if (name.n == 0 || name.n > QUEUE_NAME_MAX) return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '-') return false;
    }
    return true;
}

bool queue_names_has(const struct queue_names *q, const char *name)
{
    for (int i = 0; i < q->n; i++)
        if (strcmp(q->name[i], name) == 0) return true;
    return false;
}

static int refuse(struct slice list, const char *why, struct err *e)
{
    return err_field(
        e, HW_EVALIDATION, "queues",
        "queues \"%.*s\" %s; wanted are 1 to %d names of letters, digits, \"_\", \".\" and \"-\", separated "
        "by commas",
        (int)(list.n < 100 ? list.n : 100), list.p ? list.p : "", why, QUEUES_MAX);
}

int queue_names_parse(struct slice list, struct queue_names *out, struct err *e)
{
    struct slice rest = list;
    *out = (struct queue_names){0};
    if (slice_trim(list).n == 0) return refuse(list, "names none", e);
    while (rest.n) {
        struct slice name = slice_trim(slice_cut(&rest, ','));
        char text[QUEUE_NAME_MAX + 1];
        if (!queue_name_ok(name)) return refuse(list, "has a name that can't be one", e);
        memcpy(text, name.p, name.n);
        text[name.n] = 0;
        if (queue_names_has(out, text)) return refuse(list, "names a queue twice", e);
        if (out->n == QUEUES_MAX) return refuse(list, "names too many", e);
        memcpy(out->name[out->n++], text, name.n + 1);
    }
    return 0;
}

void queue_names_format(const struct queue_names *q, struct buf *out)
{
    for (int i = 0; i < q->n; i++) buf_addf(out, "%s%s", i ? "," : "", q->name[i]);
}
