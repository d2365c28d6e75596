// The last words of real programs, and what they are taken for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "jobs/error_hints.h"
#include "jobs/errors.h"

static const struct {
    const char *tail;
    int code, signal;
    const char *type;
    const char *said; // in the message
} tails[] = {
    // ---- memory
    {"Traceback (most recent call last):\n"
     "  File \"/srv/train.py\", line 88, in <module>\n"
     "    loss.backward()\n"
     "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.91 GiB. GPU 0 has a total capacity of 79.1 GiB\n",
     1, 0, "OOM", "Tried to allocate 3.91 GiB"},
    {"RuntimeError: CUDA error: out of memory\n"
     "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be "
     "incorrect.\n"
     "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
     "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n\n",
     1, 0, "OOM", "RuntimeError: CUDA error: out of memory"},
    {"RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`\n", 1, 0, "OOM", NULL},
    {"RuntimeError: [enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you "
     "tried "
     "to allocate 68719476736 bytes. Error code 12 (Cannot allocate memory)\n",
     1, 0, "OOM", NULL},
    {"numpy.core._exceptions._ArrayMemoryError: Unable to allocate 29.8 GiB for an array with shape (4000000000,)\n", 1,
     0, "OOM", NULL},
    {"Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    b = bytearray(1 << 60)\n"
     "MemoryError\n",
     1, 0, "OOM", "MemoryError"},
    {"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n", 0, SIGABRT, "OOM",
     "SIGABRT"},
    {"memory allocation of 34359738368 bytes failed\n", 0, SIGABRT, "OOM", NULL},
    {"fatal error: runtime: out of memory\n\nruntime stack:\n", 2, 0, "OOM", NULL},
    {"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n", 0, SIGABRT, "OOM", NULL},
    {"Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n", 1, 0, "OOM", NULL},
    {"slurmstepd: error: Detected 1 oom_kill event in StepId=4711.0. Some of the step tasks have been OOM Killed.\n", 1,
     0, "OOM", NULL},
    {"jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 21474836480 "
     "bytes.\n",
     1, 0, "OOM", NULL},
    // ---- disk
    {"OSError: [Errno 28] No space left on device: '/data/shard-00012.bin'\n", 1, 0, "DISK_FULL", "shard-00012"},
    {"tee: out.log: No space left on device\n", 1, 0, "DISK_FULL", NULL},
    {"OSError: [Errno 122] Disk quota exceeded\n", 1, 0, "DISK_FULL", NULL},
    {"Error: ENOSPC: no space left on device, write\n", 1, 0, "DISK_FULL", NULL},
    {"sqlite3.OperationalError: database or disk is full\n", 1, 0, "DISK_FULL", NULL},
    // ---- network
    {"requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='hub.example', port=443): Read timed out. (read "
     "timeout=10)\n",
     1, 0, "NETWORK", NULL},
    {"requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='hub.example', port=443): Max retries exceeded with "
     "url: /x (Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection object>, 'Connection to hub.example "
     "timed out. (connect timeout=10)'))\n",
     1, 0, "NETWORK", NULL},
    {"urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>\n", 1, 0, "NETWORK", NULL},
    {"socket.gaierror: [Errno -2] Name or service not known\n", 1, 0, "NETWORK", NULL},
    {"TimeoutError: [Errno 110] Connection timed out\n", 1, 0, "NETWORK", NULL},
    {"ConnectionRefusedError: [Errno 111] Connection refused\n", 1, 0, "NETWORK", NULL},
    {"('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))\n", 1, 0, "NETWORK",
     NULL},
    {"curl: (6) Could not resolve host: hub.example\n", 6, 0, "NETWORK", "status 6"},
    {"curl: (7) Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server\n", 7, 0, "NETWORK", NULL},
    {"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed\n", 1, 0, "NETWORK",
     NULL},
    {"requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://hub.example/api\n", 1, 0,
     "NETWORK", NULL},
    {"requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://hub.example/api\n", 1, 0,
     "NETWORK", NULL},
    {"urllib.error.HTTPError: HTTP Error 502: Bad Gateway\n", 1, 0, "NETWORK", NULL},
    {"curl: (22) The requested URL returned error: 500\n", 22, 0, "NETWORK", NULL},
    {"OSError: We couldn't connect to 'https://hub.example' to load this file, couldn't find it in the cached files.\n",
     1, 0, "NETWORK", NULL},
    {"Error: getaddrinfo ENOTFOUND hub.example\n", 1, 0, "NETWORK", NULL},
    // ---- not there
    {"FileNotFoundError: [Errno 2] No such file or directory: 'corpus.jsonl'\n", 1, 0, "NOT_FOUND", "corpus.jsonl"},
    {"ModuleNotFoundError: No module named 'einops'\n", 1, 0, "NOT_FOUND", "einops"},
    {"python3: can't open file '/srv/tran.py': [Errno 2] No such file or directory\n", 2, 0, "NOT_FOUND", NULL},
    {"requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://hub.example/m\n", 1, 0, "NOT_FOUND",
     NULL},
    {"huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error. (Request ID: Root=1-2)\n\nRepository Not Found "
     "for url: https://hub.example/api/models/x.\nPlease make sure you specified the correct `repo_id`.\n",
     1, 0, "NOT_FOUND", NULL},
    {"curl: (22) The requested URL returned error: 404\n", 22, 0, "NOT_FOUND", NULL},
    {"2026-11-25 10:00:00 ERROR 404: Not Found.\n", 8, 0, "NOT_FOUND", NULL},
    {"bash: line 1: tarin: command not found\n", 127, 0, "NOT_FOUND", "tarin"},
    {"sh: 1: tarin: not found\n", 127, 0, "NOT_FOUND", "a command was not found"},
    {"", 127, 0, "NOT_FOUND", "status 127"},
    // ---- what was asked can't work
    {"ValueError: k must be at most n_features\n", 1, 0, "VALIDATION", NULL},
    {"usage: train.py [-h] --data DATA\ntrain.py: error: the following arguments are required: --data\n", 2, 0,
     "VALIDATION", "--data"},
    {"usage: train.py [-h] [--lr LR]\ntrain.py: error: argument --lr: invalid float value: 'fast'\n", 2, 0,
     "VALIDATION", "invalid float value"},
    {"Usage: train [OPTIONS]\nTry 'train --help' for help.\n\nError: No such option: --stepz\n", 2, 0, "VALIDATION",
     "--stepz"},
    {"pydantic_core._pydantic_core.ValidationError: 1 validation error for Config\nlr\n  Input should be greater than "
     "0 "
     "[type=greater_than, input_value=-1, input_type=int]\n",
     1, 0, "VALIDATION", NULL},
    {"requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://hub.example/m\n", 1, 0,
     "VALIDATION", NULL},
    {"huggingface_hub.errors.GatedRepoError: 403 Client Error. (Request ID: Root=1-2)\n", 1, 0, "VALIDATION", NULL},
    {"bash: ./train.sh: Permission denied\n", 126, 0, "VALIDATION", "can't be run"},
    // ---- time
    {"subprocess.TimeoutExpired: Command '['make']' timed out after 30 seconds\n", 1, 0, "TIMEOUT", NULL},
    {"Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    asyncio.run(main())\n"
     "TimeoutError\n",
     1, 0, "TIMEOUT", NULL},
    // ---- nobody knows
    {"RuntimeError: CUDA error: device-side assert triggered\n", 1, 0, "UNKNOWN", "device-side assert"},
    {"AssertionError\n", 1, 0, "UNKNOWN", "AssertionError"},
    {"Segmentation fault (core dumped)\n", 139, 0, "UNKNOWN", "signal 11 (SIGSEGV)"},
    {"", 0, SIGSEGV, "UNKNOWN", "signal 11 (SIGSEGV)"},
    {"", 0, SIGBUS, "UNKNOWN", "signal 7 (SIGBUS)"},
    {"", 0, SIGILL, "UNKNOWN", "signal 4 (SIGILL)"},
    {"train.sh: line 3: 4711 Killed                  python train.py\n", 137, 0, "UNKNOWN", "signal 9 (SIGKILL)"},
    {"", 143, 0, "UNKNOWN", "signal 15 (SIGTERM)"},
    {"", 1, 0, "UNKNOWN", "exited with status 1"},
    // ---- the last one wins, and remarks aren't reasons
    {"WARNING: Connection timed out, retrying\nOSError: [Errno 28] No space left on device\n", 1, 0, "DISK_FULL",
     "No space left"},
    {"urllib3: read timed out\nsecond mirror took over\nOSError: [Errno 28] No space left on device\n", 1, 0,
     "DISK_FULL", NULL},
    {"WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError'\nKilled\n", 1, 0, "UNKNOWN",
     "Killed"},
    {"UserWarning: this may run out of memory\nstep 10\nstep 11\n", 3, 0, "UNKNOWN", "step 11"},
    {"2026-11-25 INFO cache.json: No such file or directory, starting empty\nboom\n", 1, 0, "UNKNOWN", "boom"},
    {"Connection refused\nTraceback (most recent call last):\n  File \"a.py\", line 2, in <module>\n    f()\n"
     "KeyError: 'layer'\n",
     1, 0, "UNKNOWN", "KeyError"},
    {"Traceback (most recent call last):\n  File \"a.py\", line 2, in f\n    raise ValueError(\"timed out\")\n"
     "KeyError: 'x'\n",
     1, 0, "UNKNOWN", "KeyError"},
    // Where the tail begins in the middle of the frames.
    {"    raise ValueError(\"timed out\")\n  File \"a.py\", line 9, in g\n    open(\"No such file or directory\")\n"
     "KeyError: 'x'\n",
     1, 0, "UNKNOWN", "KeyError"},
    {"Traceback (most recent call last):\n  File \"a.py\", line 2, in f\n    g()\n"
     "ConnectionResetError: [Errno 104] Connection reset by peer\n\n"
     "The above exception was the direct cause of the following exception:\n\n"
     "Traceback (most recent call last):\n  File \"a.py\", line 4, in <module>\n    f()\n"
     "RuntimeError: the shard could not be read\n",
     1, 0, "NETWORK", "Connection reset by peer"},
    // A signal from outside isn't explained by what the program said before; one from inside may be.
    {"ConnectionError: Connection refused\n", 0, SIGKILL, "UNKNOWN", "SIGKILL"},
    {"CUDA out of memory\n", 0, SIGKILL, "OOM", "SIGKILL"},
};

static void real_tails(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct job_failure f;
        job_classify(&(struct job_exit){.code = tails[i].code, .signal = tails[i].signal, .last_stderr = tails[i].tail},
                     &f);
        bool good = strcmp(f.type, tails[i].type) == 0 && (!tails[i].said || strstr(f.message, tails[i].said));
        char status[24];
        snprintf(status, sizeof status, tails[i].signal ? "signal %d" : "status %d",
                 tails[i].signal ? tails[i].signal : tails[i].code);
        good = good && strstr(f.message, status); // each message names what ended it
        if (!good) print_message("%s\n  is %s (%s), not %s\n", tails[i].tail, f.type, f.message, tails[i].type);
        wrong += !good;
    }
    assert_int_equal(wrong, 0);
}

static void any_bytes_at_all(void **state)
{
    (void)state;
    // Cut anywhere, and with its bytes changed, a tail is still only a text.
    uint64_t r = 1;
    char text[2048];
    for (int i = 0; i < 20000; i++) {
        r = r * 6364136223846793005ULL + 1442695040888963407ULL;
        const char *t = tails[(r >> 33) % (sizeof tails / sizeof *tails)].tail;
        size_t n = strlen(t), from = n ? (r >> 20) % n : 0;
        memcpy(text, t + from, n - from + 1);
        if (n - from) text[(r >> 40) % (n - from)] = (char)(1 + (r >> 50) % 255);
        struct job_failure f;
        struct slice line;
        error_hint(slice_str(text), &line);
        assert_true(line.n == 0 || (line.p >= text && line.p + line.n <= text + strlen(text)));
        job_classify(&(struct job_exit){.code = 1, .last_stderr = text}, &f);
        assert_true(f.type[0] && f.message[0]);
    }
}

static void a_line_longer_than_is_looked_at_begins_and_ends_with_a_whole_character(void **state)
{
    (void)state;
    for (size_t ends = 0; ends < 3; ends++) { // each byte of a character comes to be the first that is looked at
        struct buf text = BUF_INIT;
        struct job_failure f;
        for (int i = 0; i < 4000; i++) buf_add_str(&text, "\xE2\x82\xAC");
        for (size_t i = 0; i < ends; i++) buf_add_char(&text, '.');
        job_classify(&(struct job_exit){.code = 1, .last_stderr = buf_cstr(&text)}, &f);
        assert_true(utf8_valid(f.message, strlen(f.message)));
        assert_non_null(strstr(f.message, ": \xE2\x82\xAC"));
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_tails),
        cmocka_unit_test(any_bytes_at_all),
        cmocka_unit_test(a_line_longer_than_is_looked_at_begins_and_ends_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
