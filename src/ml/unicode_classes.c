#include "ml/unicode_classes.h"

#include <stddef.h>

#include "base/mem.h"
#include "ml/unicode_ranges.h"

static void mark(uint8_t *classes, const uint32_t (*ranges)[2], size_t n, uint8_t bit)
{
    for (size_t i = 0; i < n; i++)
        for (uint32_t c = ranges[i][0]; c <= ranges[i][1]; c++) classes[c] |= bit;
}

uint8_t *unicode_classes_new(void)
{
    uint8_t *classes = mem_zalloc(UNICODE_POINTS);
    mark(classes, letter_ranges, sizeof letter_ranges / sizeof *letter_ranges, UNICODE_LETTER);
    mark(classes, number_ranges, sizeof number_ranges / sizeof *number_ranges, UNICODE_NUMBER);
    mark(classes, space_ranges, sizeof space_ranges / sizeof *space_ranges, UNICODE_SPACE);
    mark(classes, word_ranges, sizeof word_ranges / sizeof *word_ranges, UNICODE_WORD);
    return classes;
}
