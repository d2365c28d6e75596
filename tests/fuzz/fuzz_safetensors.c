// Any bytes as a safetensors file: refused with a message, or every tensor lies inside and can be read.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ml/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct safetensors *s;
    struct err e = {0};
    int rc = safetensors_parse(slice_of(data, size), "fuzz", &s, &e);
    if (rc) {
        if (s || e.code != rc || !e.message[0]) abort();
        return 0;
    }
    uint64_t end = 0;
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const struct st_tensor *t = safetensors_at(s, i);
        if (safetensors_get(s, t->name) != t || t->offset < end || t->offset + t->size > size) abort();
        if ((const uint8_t *)t->data != data + t->offset || t->size != t->count * st_dtype_size(t->dtype)) abort();
        end = t->offset + t->size;
        float *x = mem_array(t->count + 1, sizeof *x);
        if (safetensors_f32(t, 0, t->count, x, &e) != 0 && e.code != HW_EUNSUPPORTED) abort();
        free(x);
    }
    if (safetensors_count(s) && end != size) abort();
    safetensors_metadata(s, "format");
    safetensors_close(s);
    return 0;
}
