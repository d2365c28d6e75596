#include "monitor/sample_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

// More than the largest machines have.
enum { CORES_MAX = 8192, DEVICES_MAX = 1024, MOUNT_POINT_MAX = 1024 };

// The first mistake ends the reading: what is read after it is absent, and nobody looks at it.
struct reader {
    int rc;
    struct err *e;
    char at[48]; // where `object` is, as "disk.devices[2]"
    const json_t *object;
};

static void refuse(struct reader *r, const char *key, const char *accepted)
{
    char field[128];
    if (r->rc) return;
    snprintf(field, sizeof field, "%s%s%s", r->at, *r->at && *key ? "." : "", key);
    r->rc = err_field(r->e, HW_EVALIDATION, field, "%s must be %s", field, accepted);
}

// NULL: absent, or null.
static const json_t *member(const struct reader *r, const char *key)
{
    const json_t *v = json_object_get(r->object, key);
    return json_is_null(v) ? NULL : v;
}

// Reads the members of `object`, which is at `at`, from now on. False: it is none.
static bool enter(struct reader *r, const json_t *object, const char *at)
{
    snprintf(r->at, sizeof r->at, "%s", at);
    r->object = object;
    if (!json_is_object(object)) refuse(r, "", "an object");
    return r->rc == 0;
}

// ---- members -------------------------------------------------------------------------------------------------------

enum field_type { PERCENT, AMOUNT, RATE, COUNT };

struct field {
    const char *key;
    enum field_type type; // COUNT: a struct opt_u64, else a struct opt_f64
    size_t offset;
};

static struct opt_f64 number_of(struct reader *r, const json_t *v, const char *key, enum field_type type)
{
    static const double most[] = {[PERCENT] = 100, [AMOUNT] = 1e9, [RATE] = 1e15};
    static const char *const accepted[] = {
        [PERCENT] = "a number from 0 to 100, or null",
        [AMOUNT] = "a number from 0 to 1e9, or null",
        [RATE] = "a number from 0 to 1e15, or null",
    };
    if (!v || json_is_null(v)) return NO_F64;
    double x = json_number_value(v);
    if (json_is_number(v) && x >= 0 && x <= most[type]) return some_f64(x);
    refuse(r, key, accepted[type]);
    return NO_F64;
}

static struct opt_u64 count_of(struct reader *r, const char *key)
{
    const json_t *v = member(r, key);
    if (!v) return NO_U64;
    if (json_is_integer(v) && json_integer_value(v) >= 0) return some_u64((uint64_t)json_integer_value(v));
    refuse(r, key, "a whole number that isn't negative, or null");
    return NO_U64;
}

static void read_fields(struct reader *r, const struct field *fields, size_t n, void *into)
{
    for (size_t i = 0; i < n; i++) {
        void *at = (char *)into + fields[i].offset;
        if (fields[i].type == COUNT)
            *(struct opt_u64 *)at = count_of(r, fields[i].key);
        else
            *(struct opt_f64 *)at = number_of(r, member(r, fields[i].key), fields[i].key, fields[i].type);
    }
}

#define READ_FIELDS(r, fields, into) read_fields((r), (fields), sizeof(fields) / sizeof *(fields), (into))

// "" if it isn't there. Shorter than `size`.
static const char *text_of(struct reader *r, const char *key, size_t size)
{
    const json_t *v = member(r, key);
    char accepted[64];
    if (!v) return "";
    if (json_is_string(v) && json_string_length(v) < size) return json_string_value(v); // without U+0000, by json_read
    snprintf(accepted, sizeof accepted, "a text of %zu bytes at most", size - 1);
    refuse(r, key, accepted);
    return "";
}

static const char *name_of(struct reader *r, const char *key, size_t size)
{
    const char *name = text_of(r, key, size);
    if (!*name) refuse(r, key, "a name");
    return name;
}

static int64_t id_of(struct reader *r, const char *key, int64_t lo, int64_t hi)
{
    const json_t *v = member(r, key);
    char accepted[64];
    if (json_is_integer(v) && json_integer_value(v) >= lo && json_integer_value(v) <= hi) return json_integer_value(v);
    snprintf(accepted, sizeof accepted, "a whole number from %lld to %lld", (long long)lo, (long long)hi);
    refuse(r, key, accepted);
    return 0;
}

// A list of objects, each of which becomes an item.
struct list_kind {
    const char *key;
    size_t most, item_size;
    void (*read)(struct reader *r, void *item);
};

// Zeroed items; those that were not read for a mistake stay zeroed.
static void *read_list(struct reader *r, const struct list_kind *kind, size_t *count)
{
    const json_t *list = member(r, kind->key);
    const struct reader outside = *r;
    char text[64];
    *count = 0;
    if (!list) return NULL;
    if (!json_is_array(list) || json_array_size(list) > kind->most) {
        snprintf(text, sizeof text, "a list of %zu objects at most", kind->most);
        refuse(r, kind->key, text);
        return NULL;
    }
    *count = json_array_size(list);
    char *items = mem_array(*count + 1, kind->item_size);
    for (size_t i = 0; i < *count; i++) {
        snprintf(text, sizeof text, "%s%s%s[%zu]", outside.at, *outside.at ? "." : "", kind->key, i);
        if (enter(r, json_array_get(list, i), text)) kind->read(r, items + i * kind->item_size);
    }
    r->object = outside.object;
    memcpy(r->at, outside.at, sizeof r->at);
    return items;
}

// ---- the parts -----------------------------------------------------------------------------------------------------

static void read_cpu(struct reader *r, struct sample *s)
{
    static const struct field fields[] = {
        {"percent", PERCENT, offsetof(struct cpu_sample, percent)},
        {"count", COUNT, offsetof(struct cpu_sample, count)},
        {"load1", AMOUNT, offsetof(struct cpu_sample, load1)},
        {"load5", AMOUNT, offsetof(struct cpu_sample, load5)},
        {"load15", AMOUNT, offsetof(struct cpu_sample, load15)},
        {"frequency_mhz", AMOUNT, offsetof(struct cpu_sample, frequency_mhz)},
    };
    READ_FIELDS(r, fields, &s->cpu);
    const json_t *cores = member(r, "per_core");
    if (!cores) return;
    size_t n = json_array_size(cores);
    if (!json_is_array(cores) || n > CORES_MAX) {
        refuse(r, "per_core", "a list of 8192 numbers at most");
        return;
    }
    s->cpu.per_core = mem_array(n + 1, sizeof *s->cpu.per_core);
    s->cpu.per_core_count = s->cpu.per_core_cap = n;
    for (size_t i = 0; i < n; i++) {
        char key[32];
        snprintf(key, sizeof key, "per_core[%zu]", i);
        s->cpu.per_core[i] = number_of(r, json_array_get(cores, i), key, PERCENT);
    }
}

// The percentages follow from the other two, and are written anew.
static void read_memory(struct reader *r, struct sample *s)
{
    static const struct field ram[] = {
        {"total", COUNT, offsetof(struct memory_sample, total)},
        {"used", COUNT, offsetof(struct memory_sample, used)},
        {"available", COUNT, offsetof(struct memory_sample, available)},
        {"free", COUNT, offsetof(struct memory_sample, free)},
    };
    static const struct field swap[] = {
        {"total", COUNT, offsetof(struct memory_sample, swap_total)},
        {"used", COUNT, offsetof(struct memory_sample, swap_used)},
    };
    const json_t *of_ram = member(r, "ram"), *of_swap = member(r, "swap");
    if (of_ram && enter(r, of_ram, "memory.ram")) READ_FIELDS(r, ram, &s->memory);
    if (of_swap && enter(r, of_swap, "memory.swap")) READ_FIELDS(r, swap, &s->memory);
}

static void read_device(struct reader *r, void *item)
{
    static const struct field fields[] = {
        {"read_bytes", COUNT, offsetof(struct disk_rates, read_bytes)},
        {"write_bytes", COUNT, offsetof(struct disk_rates, write_bytes)},
        {"read_rate", RATE, offsetof(struct disk_rates, read_rate)},
        {"write_rate", RATE, offsetof(struct disk_rates, write_rate)},
        {"busy_percent", PERCENT, offsetof(struct disk_rates, busy_percent)},
    };
    struct disk_rates *d = item;
    snprintf(d->name, sizeof d->name, "%s", name_of(r, "name", sizeof d->name));
    READ_FIELDS(r, fields, d);
}

static void read_filesystem(struct reader *r, void *item)
{
    static const struct field fields[] = {
        {"total", COUNT, offsetof(struct filesystem, total)},
        {"used", COUNT, offsetof(struct filesystem, used)},
        {"free", COUNT, offsetof(struct filesystem, free)},
        {"percent", PERCENT, offsetof(struct filesystem, percent)},
    };
    struct filesystem *f = item;
    f->mount_point = mem_strdup(name_of(r, "mount_point", MOUNT_POINT_MAX + 1));
    READ_FIELDS(r, fields, f);
}

static void read_disk(struct reader *r, struct sample *s)
{
    static const struct field fields[] = {
        {"read_bytes", COUNT, offsetof(struct disk_sample, read_bytes)},
        {"write_bytes", COUNT, offsetof(struct disk_sample, write_bytes)},
        {"read_rate", RATE, offsetof(struct disk_sample, read_rate)},
        {"write_rate", RATE, offsetof(struct disk_sample, write_rate)},
    };
    static const struct list_kind devices = {"devices", DEVICES_MAX, sizeof(struct disk_rates), read_device};
    static const struct list_kind filesystems = {"filesystems", DEVICES_MAX, sizeof(struct filesystem),
                                                 read_filesystem};
    READ_FIELDS(r, fields, &s->disk);
    s->disk.devices = read_list(r, &devices, &s->disk.device_count);
    s->disk.device_cap = s->disk.device_count;
    s->disk.filesystems.items = read_list(r, &filesystems, &s->disk.filesystems.count);
    s->disk.filesystems.cap = s->disk.filesystems.count;
}

static void read_interface(struct reader *r, void *item)
{
    static const struct field fields[] = {
        {"sent_bytes", COUNT, offsetof(struct net_rates, sent_bytes)},
        {"recv_bytes", COUNT, offsetof(struct net_rates, recv_bytes)},
        {"sent_rate", RATE, offsetof(struct net_rates, sent_rate)},
        {"recv_rate", RATE, offsetof(struct net_rates, recv_rate)},
    };
    struct net_rates *n = item;
    snprintf(n->name, sizeof n->name, "%s", name_of(r, "name", sizeof n->name));
    READ_FIELDS(r, fields, n);
}

static void read_network(struct reader *r, struct sample *s)
{
    static const struct field fields[] = {
        {"sent_bytes", COUNT, offsetof(struct network_sample, sent_bytes)},
        {"recv_bytes", COUNT, offsetof(struct network_sample, recv_bytes)},
        {"sent_rate", RATE, offsetof(struct network_sample, sent_rate)},
        {"recv_rate", RATE, offsetof(struct network_sample, recv_rate)},
    };
    static const struct list_kind interfaces = {"interfaces", DEVICES_MAX, sizeof(struct net_rates), read_interface};
    READ_FIELDS(r, fields, &s->network);
    s->network.interfaces = read_list(r, &interfaces, &s->network.interface_count);
    s->network.interface_cap = s->network.interface_count;
}

static void read_process(struct reader *r, void *item)
{
    struct gpu_process *p = item;
    p->pid = id_of(r, "pid", 1, INT32_MAX);
    if (member(r, "pgid")) p->pgid = id_of(r, "pgid", 1, INT32_MAX);
    p->memory_bytes = count_of(r, "memory_bytes");
}

static void read_gpu(struct reader *r, void *item)
{
    static const struct field fields[] = {
        {"utilization", PERCENT, offsetof(struct gpu_reading, utilization)},
        {"memory_used", COUNT, offsetof(struct gpu_reading, memory_used)},
        {"memory_total", COUNT, offsetof(struct gpu_reading, memory_total)},
        {"memory_percent", PERCENT, offsetof(struct gpu_reading, memory_percent)},
        {"temperature", AMOUNT, offsetof(struct gpu_reading, temperature)},
        {"power_usage", AMOUNT, offsetof(struct gpu_reading, power_usage)},
        {"power_limit", AMOUNT, offsetof(struct gpu_reading, power_limit)},
        {"fan_speed", PERCENT, offsetof(struct gpu_reading, fan_speed)},
        {"clock_sm", AMOUNT, offsetof(struct gpu_reading, clock_sm)},
        {"clock_memory", AMOUNT, offsetof(struct gpu_reading, clock_memory)},
    };
    struct gpu_reading *g = item;
    static const struct list_kind processes = {"processes", GPU_PROCESSES_MAX, sizeof(struct gpu_process),
                                               read_process};
    g->index = (int)id_of(r, "gpu_id", 0, GPU_MAX - 1);
    snprintf(g->name, sizeof g->name, "%s", text_of(r, "name", sizeof g->name));
    READ_FIELDS(r, fields, g);
    g->processes_known = member(r, "processes") != NULL;
    g->processes = read_list(r, &processes, &g->process_count);
    g->process_cap = g->process_count;
}

static void read_gpus(struct reader *r, struct sample *s)
{
    static const struct list_kind gpus = {"gpus", GPU_MAX, sizeof(struct gpu_reading), read_gpu};
    bool there[GPU_MAX] = {false};
    s->gpus = read_list(r, &gpus, &s->gpu_count);
    for (size_t i = 0; i < s->gpu_count && !r->rc; i++) {
        if (there[s->gpus[i].index]) refuse(r, "gpus", "a list in which no gpu_id is there twice");
        there[s->gpus[i].index] = true;
    }
    snprintf(s->gpu_reason, sizeof s->gpu_reason, "%s", text_of(r, "gpu_reason", sizeof s->gpu_reason));
}

int sample_read_report(struct slice text, struct sample *out, unsigned *parts, struct err *e)
{
    static const struct {
        const char *key;
        enum sample_part part;
        void (*read)(struct reader *r, struct sample *s);
    } objects[] = {
        {"cpu", SAMPLE_CPU, read_cpu},
        {"memory", SAMPLE_MEMORY, read_memory},
        {"disk", SAMPLE_DISK, read_disk},
        {"network", SAMPLE_NETWORK, read_network},
    };
    sample_init(out);
    *parts = 0;
    if (text.n > SAMPLE_REPORT_BYTES)
        return err_set(e, HW_ETOOBIG, "a machine's readings may have %d bytes at most", SAMPLE_REPORT_BYTES);
    json_t *body = json_read_object(text, e);
    if (!body) return HW_EINVALID;
    struct reader r = {.e = e};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        const json_t *object = json_object_get(body, objects[i].key);
        if (!object || json_is_null(object) || !enter(&r, object, objects[i].key)) continue;
        objects[i].read(&r, out);
        *parts |= objects[i].part;
    }
    if (enter(&r, body, "")) {
        if (member(&r, "gpus")) *parts |= SAMPLE_GPUS;
        read_gpus(&r, out);
    }
    json_decref(body);
    if (r.rc) sample_release(out);
    return r.rc;
}
