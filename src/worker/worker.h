// The worker: claims jobs over HTTP, runs each as a process group of its own, reads what it writes, reports in batches.
//
// Threads: this one waits for the tasks' pipes and ends; a second asks for jobs, a third posts reports, and one reads
// the machine if the server is on another. While the server is away the tasks go on and reports wait in a spool on
// disk.
#ifndef HW_WORKER_WORKER_H
#define HW_WORKER_WORKER_H

#include "base/err.h"

struct worker_options {
    const char *server_url;          // "http://127.0.0.1:8080"
    const char *host_name;           // what the server calls this host; NULL: its host name
    const char *data_dir;            // spool, scratch files and the lock that keeps a second worker out
    const char *slots;               // "cpu=1,gpu=0,io=4"
    const char *queues;              // "default,long"; NULL: "default"
    const char *task_program;        // path of headway-task
    const char *nvml_library;        // NVIDIA's management library; NULL: the system's, "": look for no GPU
    double monitor_interval_seconds; // between readings of what the jobs use; 0: 2
    int stop_fd;                     // becomes readable when the worker should stop
};

// Runs until stop_fd is readable: then stops its tasks and sends what it has. HW_ECONFLICT: another worker holds this
// data folder.
int worker_run(const struct worker_options *o, struct err *e);

#endif
