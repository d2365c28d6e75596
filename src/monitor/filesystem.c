#include "monitor/filesystem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "monitor/scan.h"

enum mount_kind { MOUNT_OTHER, MOUNT_LOCAL, MOUNT_MAY_HANG };

static enum mount_kind kind_of(struct slice type, struct slice mount_point)
{
    static const char *const local[] = {"ext2",  "ext3", "ext4",   "xfs",      "btrfs",  "zfs",   "bcachefs",
                                        "f2fs",  "jfs",  "nilfs2", "reiserfs", "vfat",   "exfat", "ntfs",
                                        "ntfs3", "ufs",  "msdos",  "hfsplus",  "fuseblk"};
    static const char *const may_hang[] = {"nfs",      "nfs4",   "cifs",   "smb3",      "smbfs",    "9p",   "afs",
                                           "ceph",     "coda",   "ncpfs",  "autofs",    "gfs2",     "gpfs", "ocfs2",
                                           "orangefs", "lustre", "beegfs", "glusterfs", "virtiofs", "fuse", "davfs"};
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        if (slice_is(type, local[i])) return MOUNT_LOCAL;
    for (size_t i = 0; i < sizeof may_hang / sizeof may_hang[0]; i++)
        if (slice_is(type, may_hang[i])) return MOUNT_MAY_HANG;
    if (slice_starts(type, "fuse.")) return MOUNT_MAY_HANG; // a program answers, and may have stopped doing so
    // In a container the root is made of layers, and what the disk below it has left is what the root has.
    if (slice_is(type, "overlay") && slice_is(mount_point, "/")) return MOUNT_LOCAL;
    return MOUNT_OTHER;
}

// The kernel writes blanks, newlines and backslashes in names as \ooo.
static char *unescape(struct slice s)
{
    char *out = mem_alloc(s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && s.n - i > 3) {
            unsigned v = 0, digits = 0;
            while (digits < 3 && s.p[i + 1 + digits] >= '0' && s.p[i + 1 + digits] <= '7')
                v = v * 8 + (unsigned)(s.p[i + 1 + digits++] - '0');
            if (digits == 3 && v > 0 && v < 256) {
                out[n++] = (char)v;
                i += 3;
                continue;
            }
        }
        out[n++] = s.p[i];
    }
    out[n] = '\0';
    return out;
}

static void free_item(struct filesystem *f)
{
    free(f->mount_point);
    free(f->device);
}

static void remove_at(struct filesystem_list *l, size_t i)
{
    free_item(&l->items[i]);
    l->count--;
    memmove(l->items + i, l->items + i + 1, (l->count - i) * sizeof *l->items);
}

// Whether `path` is `top` or lies below it.
static bool is_within(const char *path, const char *top)
{
    size_t n = strlen(top);
    while (n && top[n - 1] == '/') n--;
    return strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

// A mount hides what was mounted earlier at the same place or below it.
static void hide_below(struct filesystem_list *l, const char *mount_point)
{
    for (size_t i = l->count; i-- > 0;)
        if (is_within(l->items[i].mount_point, mount_point)) remove_at(l, i);
}

static void add_local(struct filesystem_list *l, char *device, char *mount_point)
{
    for (size_t i = 0; i < l->count; i++) {
        struct filesystem *f = &l->items[i];
        if (strcmp(f->device, device) != 0) continue;
        if (strlen(mount_point) < strlen(f->mount_point)) {
            char *longer = f->mount_point;
            f->mount_point = mount_point;
            mount_point = longer;
        }
        free(device);
        free(mount_point);
        return;
    }
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 8;
        l->items = mem_realloc_array(l->items, l->cap, sizeof *l->items);
    }
    l->items[l->count++] = (struct filesystem){.device = device, .mount_point = mount_point};
}

void parse_mounts(struct slice text, struct filesystem_list *out)
{
    while (out->count) remove_at(out, out->count - 1);
    char **hanging = NULL; // mount points that must not be walked through
    size_t hanging_count = 0;
    struct slice line;
    while (scan_line(&text, &line)) {
        struct slice device = scan_word(&line), mount_point = scan_word(&line), type = scan_word(&line);
        if (!type.n || mount_point.p[0] != '/') continue;
        enum mount_kind kind = kind_of(type, mount_point);
        char *at = unescape(mount_point);
        if (kind == MOUNT_MAY_HANG) {
            hide_below(out, at);
            hanging = mem_realloc_array(hanging, hanging_count + 1, sizeof *hanging);
            hanging[hanging_count++] = at;
            continue;
        }
        bool behind = false;
        for (size_t i = 0; i < hanging_count && !behind; i++) behind = is_within(at, hanging[i]);
        if (kind == MOUNT_LOCAL && !behind)
            add_local(out, unescape(device), at);
        else
            free(at);
    }
    for (size_t i = 0; i < hanging_count; i++) free(hanging[i]);
    free(hanging);
}

void filesystem_list_release(struct filesystem_list *l)
{
    for (size_t i = 0; i < l->count; i++) free_item(&l->items[i]);
    free(l->items);
    *l = (struct filesystem_list){0};
}

void filesystem_measure(struct filesystem *f)
{
    f->total = f->used = f->free = NO_U64;
    f->percent = NO_F64;
    struct statvfs v;
    if (statvfs(f->mount_point, &v) != 0 || v.f_blocks == 0 || v.f_bfree > v.f_blocks) return;
    uint64_t block = v.f_frsize ? v.f_frsize : v.f_bsize;
    f->total = some_u64(v.f_blocks * block);
    f->used = some_u64((v.f_blocks - v.f_bfree) * block);
    f->free = some_u64(v.f_bavail * block);
    f->percent = percent_of(f->used, some_u64(f->used.v + f->free.v));
}

void filesystem_list_drop_files(struct filesystem_list *l)
{
    struct stat st;
    for (size_t i = l->count; i-- > 0;)
        if (stat(l->items[i].mount_point, &st) != 0 || !S_ISDIR(st.st_mode)) remove_at(l, i);
}
