// safetensors files: a header of JSON that names the tensors, then their bytes, little-endian and contiguous.
//
//     u64 n | n bytes of JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {…}} | data
//
// Reader. The file is mapped; nothing is trusted. Opening checks the whole header against the file's size, so that a
// tensor that was returned lies inside the file: a file cut off at any byte, tensors that overlap or leave holes,
// shapes that don't fit their offsets and unknown dtypes are errors (HW_EINVALID, or HW_EEOF for a file that is too
// short) that name file, tensor and bytes. Data may lie unaligned in the file: read it through safetensors_f32(). A
// file that another process truncates after it was opened ends the process with SIGBUS, as with any mapping. A reader
// may be shared by threads.
//
// Writer. Tensors are declared first, then their bytes follow in that order, or are put at their places by several
// threads. The file appears under its name when all is written and finished (temporary file beside it, fsync, rename).
#ifndef HW_ML_SAFETENSORS_H
#define HW_ML_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum st_dtype {
    ST_BOOL,
    ST_U8,
    ST_I8,
    ST_F8_E5M2,
    ST_F8_E4M3,
    ST_I16,
    ST_U16,
    ST_F16,
    ST_BF16,
    ST_I32,
    ST_U32,
    ST_F32,
    ST_F64,
    ST_I64,
    ST_U64,
};

#define ST_MAX_RANK   8
#define ST_MAX_HEADER 100000000 // bytes; the limit of the format's own library

const char *st_dtype_name(enum st_dtype d); // "BF16"
size_t st_dtype_size(enum st_dtype d);      // bytes an element
bool st_dtype_parse(const char *name, enum st_dtype *out);

// ---- reading -------------------------------------------------------------------------------------------------------

struct st_tensor { // valid as long as its file is open
    const char *name;
    enum st_dtype dtype;
    int rank; // 0: a scalar
    int64_t shape[ST_MAX_RANK];
    size_t count;     // elements: the product of shape
    size_t size;      // bytes
    uint64_t offset;  // of the data, from the start of the file
    const void *data; // size bytes, at any alignment
};

struct safetensors;

int safetensors_open(const char *path, struct safetensors **out, struct err *e);
// The same for bytes in memory, which must outlive the reader; `name` is used in messages.
int safetensors_parse(struct slice bytes, const char *name, struct safetensors **out, struct err *e);
void safetensors_close(struct safetensors *s); // NULL is fine

const char *safetensors_path(const struct safetensors *s);
size_t safetensors_count(const struct safetensors *s);
const struct st_tensor *safetensors_at(const struct safetensors *s, size_t i);          // in the order of their data
const struct st_tensor *safetensors_get(const struct safetensors *s, const char *name); // NULL: no such tensor
const char *safetensors_metadata(const struct safetensors *s, const char *key);         // NULL: no such key

// The tensor of that name and shape (rank numbers); else HW_EINVALID naming the file, the tensor and both shapes.
int safetensors_need(const struct safetensors *s, const char *name, int rank, const int64_t *shape,
                     const struct st_tensor **out, struct err *e);

// "[2, 128]"; cut off at n - 1 characters.
void st_shape_text(int rank, const int64_t *shape, char *out, size_t n);

// Elements first … first + count - 1 as F32: from F32, F16, BF16 exactly, from F64 rounded. HW_EUNSUPPORTED for other
// dtypes, naming the tensor. The range must lie inside the tensor (asserted).
int safetensors_f32(const struct st_tensor *t, size_t first, size_t count, float *out, struct err *e);

// ---- writing -------------------------------------------------------------------------------------------------------

struct st_writer;

struct st_writer *st_writer_new(const char *path);
// Without st_writer_finish() before it, the temporary file is removed and nothing appears. NULL is fine.
void st_writer_free(struct st_writer *w);

// Before the data. Keys and names must be new ones (asserted); returns the tensor's index, from 0.
void st_writer_metadata(struct st_writer *w, const char *key, const char *value);
int st_writer_declare(struct st_writer *w, const char *name, enum st_dtype dtype, int rank, const int64_t *shape);

// Creates the temporary file, reserves its room and writes the header. HW_EDISKFULL if there is no room for all of it.
// st_writer_append() and st_writer_append_f32() do it by themselves when they come first.
int st_writer_start(struct st_writer *w, struct err *e);

// The next n bytes in the order of declaration; a call may span tensors. More than was declared is HW_EINVALID.
int st_writer_append(struct st_writer *w, const void *data, size_t n, struct err *e);
// The next `count` elements, converted to the dtype of the tensor they belong to (F32, F16 or BF16). A call stays in
// one tensor.
int st_writer_append_f32(struct st_writer *w, const float *data, size_t count, struct err *e);

// n bytes at `offset` bytes inside tensor `index`, after st_writer_start(). Any thread may call it; ranges written by
// different calls must not overlap (finish counts bytes, it doesn't look for holes). Not to be mixed with append.
int st_writer_put(struct st_writer *w, int index, uint64_t offset, const void *data, size_t n, struct err *e);

// All declared bytes must have been written, else HW_EINVALID. fsync, then rename onto the final name.
int st_writer_finish(struct st_writer *w, struct err *e);
uint64_t st_writer_file_size(const struct st_writer *w); // bytes of the whole file; after start

#endif
