#include "worker/slots.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct slot_class {
    const char *name;
    int total, free;
};

struct slots {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot_class classes[SLOT_CLASSES_MAX];
    int n;
    bool closed;
};

static const char *const known[SLOT_CLASSES_MAX] = {"gpu", "cpu", "io"};

static int refuse(const char *spec, const char *why, struct err *e)
{
    return err_field(e, HW_EVALIDATION, "slots", "slots \"%s\" %s; wanted is like gpu=1,cpu=2,io=4", spec, why);
}

static struct slot_class *find(struct slots *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->classes[i].name, name) == 0) return &s->classes[i];
    return NULL;
}

static int parse(struct slots *s, const char *spec, struct err *e)
{
    struct slice rest = slice_str(spec);
    if (rest.n == 0) return refuse(spec, "names no class", e);
    while (rest.n) {
        struct slice count = slice_cut(&rest, ','), name = slice_trim(slice_cut(&count, '='));
        const char *class = NULL;
        unsigned long long v;
        for (int i = 0; i < SLOT_CLASSES_MAX; i++)
            if (slice_is(name, known[i])) class = known[i];
        if (!class) return refuse(spec, "names a class that isn't gpu, cpu or io", e);
        if (!slice_u64(slice_trim(count), &v) || v > 1024)
            return refuse(spec, "has a number of places that isn't 0 to 1024", e);
        if (find(s, class)) return refuse(spec, "names a class twice", e);
        s->classes[s->n++] = (struct slot_class){class, (int)v, (int)v};
    }
    return 0;
}

int slots_new(struct slots **out, const char *spec, struct err *e)
{
    struct slots *s = mem_zalloc(sizeof *s);
    int rc = parse(s, spec, e);
    if (rc) {
        free(s);
        return rc;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    *out = s;
    return 0;
}

void slots_free(struct slots *s)
{
    if (!s) return;
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void slots_write_total(struct slots *s, struct jw *w)
{
    jw_obj(w);
    for (int i = 0; i < s->n; i++) jw_ki64(w, s->classes[i].name, s->classes[i].total);
    jw_obj_end(w);
}

int slots_classes(const struct slots *s)
{
    return s->n;
}

int slots_total(const struct slots *s, int i)
{
    return s->classes[i].total;
}

const char *slots_class_name(const struct slots *s, int i)
{
    return s->classes[i].name;
}

int slots_wait_free(struct slots *s, int i)
{
    pthread_mutex_lock(&s->lock);
    while (!s->closed && s->classes[i].free == 0) pthread_cond_wait(&s->changed, &s->lock);
    int n = s->closed ? 0 : s->classes[i].free;
    pthread_mutex_unlock(&s->lock);
    return n;
}

bool slots_take(struct slots *s, const char *resource_class)
{
    pthread_mutex_lock(&s->lock);
    struct slot_class *c = find(s, resource_class);
    bool ok = c && c->free > 0;
    if (ok) c->free--;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

void slots_give(struct slots *s, const char *resource_class)
{
    pthread_mutex_lock(&s->lock);
    struct slot_class *c = find(s, resource_class);
    if (c && c->free < c->total) c->free++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void slots_close(struct slots *s)
{
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}
