// Blocks of archived metrics, of any bytes: rows in order or a refusal; and rows that were read come back the same once
// they are written again.
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "store/metric_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct slice block)
{
    struct metric_rows rows, again;
    struct buf written = BUF_INIT;
    struct err e = {0};
    if (metric_block_read(block, 3, &rows, &e) != 0) {
        assert(e.code == HW_EIO && e.message[0]);
        return;
    }
    assert(rows.n > 0 && rows.n <= METRIC_BLOCK_ROWS);
    for (int64_t i = 1; i < rows.n; i++) assert(rows.rows[i].step > rows.rows[i - 1].step);
    metric_block_write(rows.rows, (size_t)rows.n, &written);
    int rc = metric_block_read(buf_slice(&written), 3, &again, &e);
    assert(rc == 0 && again.n == rows.n);
    for (int64_t i = 0; i < rows.n; i++) assert(metric_row_same(&rows.rows[i], &again.rows[i]));
    metric_rows_release(&rows);
    metric_rows_release(&again);
    buf_release(&written);
}

// As it is, and with a checksum that is right, past which nothing would get otherwise.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(slice_of(data, size));
    uint32_t crc = (uint32_t)crc32_z(0, data, size);
    char *block = mem_alloc(size + 4);
    if (size) memcpy(block, data, size);
    for (int i = 0; i < 4; i++) block[size + (size_t)i] = (char)(crc >> 8 * i);
    check(slice_of(block, size + 4));
    free(block);
    return 0;
}
