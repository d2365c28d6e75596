// headway worker: runs jobs for a server.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "worker/worker.h"

// The task program lies beside this one.
static const char *task_program(char path[PATH_MAX + 16])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0) return "headway-task";
    path[n] = 0;
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "headway-task");
    return path;
}

// As the server's setting; the environment's value, meant for the server, was checked there.
static bool interval_of(const char *given, double *out)
{
    const char *text = given ? given : getenv("SYSTEM_MONITOR_INTERVAL_SECONDS");
    char *end = NULL;
    double v = text && *text ? strtod(text, &end) : 0;
    bool good = end && *end == '\0' && v >= 0.1 && v <= 3600;
    *out = good ? v : 0;
    return good || !given;
}

int cmd_worker(int argc, char **argv)
{
    char program[PATH_MAX + 16];
    struct worker_options o = {.data_dir = "headway-worker",
                               .slots = "cpu=1,gpu=0,io=4",
                               .queues = "default",
                               .task_program = task_program(program)};
    const char *server = NULL, *interval = NULL;
    bool help = false;
    struct err e = {0};
    const struct arg_spec specs[] = {
        {"server", "URL", "the server (HEADWAY_URL, http://127.0.0.1:8080)", &server, NULL},
        {"data", "FOLDER", "spool and scratch files (./headway-worker)", &o.data_dir, NULL},
        {"slots", "cpu=N,gpu=N,io=N", "jobs at once by resource class (cpu=1,gpu=0,io=4)", &o.slots, NULL},
        {"queues", "NAME,NAME…", "take jobs of these queues only (default)", &o.queues, NULL},
        {"task", "PATH", "the task program (default: headway-task beside this one)", &o.task_program, NULL},
        {"host-name", "NAME", "what this host is called (its host name; of a container that says little)", &o.host_name,
         NULL},
        {"nvml", "PATH", "NVIDIA's management library (HEADWAY_NVML, the system's)", &o.nvml_library, NULL},
        {"monitor-interval", "SECONDS",
         "time between readings of what the jobs use (SYSTEM_MONITOR_INTERVAL_SECONDS, 2)", &interval, NULL},
        {0},
    };
    if (args_parse(&argc, argv, specs, &help, &e) != 0) return cli_usage_error("worker", e.message);
    if (help) {
        puts("usage: headway worker [options]\n\nAsks a server for jobs and runs them on this host, each as a process "
             "group of its own. While the "
             "server is\naway the jobs go on, and what they report waits on disk. Ctrl-C stops the jobs and ends the "
             "worker.\n\noptions:");
        args_print(stdout, specs);
        return CLI_OK;
    }
    if (argc > 1) return cli_usage_error("worker", "it takes no arguments");
    if (o.host_name && !*o.host_name) return cli_usage_error("worker", "--host-name must be a name");
    if (!interval_of(interval, &o.monitor_interval_seconds))
        return cli_usage_error("worker", "--monitor-interval must be a number of seconds from 0.1 to 3600");
    if (!o.nvml_library) o.nvml_library = getenv("HEADWAY_NVML");
    o.server_url = cli_server_url(server);
    o.stop_fd = cli_catch_interrupt();
    if (o.stop_fd < 0) return CLI_FAILED;
    int rc = worker_run(&o, &e);
    close(o.stop_fd);
    return rc ? cli_report(&e) : CLI_OK;
}
