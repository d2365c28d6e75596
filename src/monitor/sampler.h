// Reads the machine's metrics from /proc, /sys and the GPU's library into a sample.
//
// sampler_read blocks, mostly for less than a millisecond, but for as long as a failing disk or a GPU's driver likes:
// run it on a thread of its own, never on the event loop. A sampler belongs to one thread at a time.
#ifndef HW_MONITOR_SAMPLER_H
#define HW_MONITOR_SAMPLER_H

#include <stdint.h>

#include "monitor/sample.h"

struct sampler_options {
    const char *proc_root; // NULL: "/proc"
    const char *sys_root;  // NULL: "/sys"
    const char *nvml_path; // the NVML library; NULL: the usual names; "": look for no GPU
    const char *host;      // what the samples call this machine; NULL: its host name
};

// What samples with these options call this machine.
void sampler_host(const struct sampler_options *o, char *name, size_t size);

struct sampler;

// Never fails: what isn't there is absent from the samples. Opens the GPU's library, which may take a second.
struct sampler *sampler_new(const struct sampler_options *options);
void sampler_free(struct sampler *s);

// Fills `out`, which was sample_init'ed; samples may be used in turn or one again and again. `mono_us` is the monotonic
// clock (clock_mono_us), from which rates are computed: the wall clock may be set. The first sample of a sampler has no
// rates and no processor use; both are means over the time since the sample before. `out->host` is valid until
// sampler_free.
void sampler_read(struct sampler *s, int64_t mono_us, struct sample *out);

#endif
