// How much memory a process on this host may still take.
#ifndef HW_BASE_MEMORY_AVAILABLE_H
#define HW_BASE_MEMORY_AVAILABLE_H

// Bytes that this process, and one that it starts, may still allocate: MemAvailable, or less under a control group's
// limit. Infinity if it can't be told. Reads a few small files of /proc and /sys.
double memory_available(void);

#endif
