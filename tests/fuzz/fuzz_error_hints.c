// The last words of a program, whatever bytes they are: a line within them is told, and a failure always has a type and
// a message. The same bytes as a command's word are suggested smaller or not at all.
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "jobs/error_hints.h"
#include "jobs/errors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_suggestion(const char *text)
{
    json_t *word = json_string(text);
    json_t *params = word ? json_pack("{s:[s,s,o],s:{s:i}}", "command", "t", "--batch-size", word, "a", "b", 1) : NULL;
    json_t *suggested = params ? job_suggest_retry("OOM", params) : NULL;
    assert(!suggested || json_array_size(json_object_get(suggested, "command")) == 3);
    json_decref(suggested);
    json_decref(params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    struct slice line, all = slice_str(text);
    (void)error_hint(all, &line);
    assert(line.n == 0 || (line.p >= text && line.p + line.n <= text + all.n));
    struct job_failure f;
    job_classify(&(struct job_exit){.code = size ? data[0] : 1, .last_stderr = text}, &f);
    assert(f.type[0] && f.message[0]);
    job_classify(&(struct job_exit){.code = 1, .error_message = text}, &f);
    assert(f.type[0]);
    check_suggestion(text);
    free(text);
    return 0;
}
