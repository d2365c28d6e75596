// What a server's processes use: the one started, and all its children.
#ifndef FANOUT_PROCESS_H
#define FANOUT_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

// utime + stime of /proc/PID/stat, read from the same counter in nanoseconds instead of 10 ms.
uint64_t process_cpu_ns(pid_t pid);
uint64_t process_rss_kib(pid_t pid); // VmRSS

#endif
