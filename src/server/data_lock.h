// One server a data folder: two would each keep half of what runs there in memory.
#ifndef HW_SERVER_DATA_LOCK_H
#define HW_SERVER_DATA_LOCK_H

#include "base/err.h"

// Held until *fd is closed, or the process ends. HW_ECONFLICT names the other server.
int data_lock_take(const char *data_dir, const char *url, int *fd, struct err *e);

#endif
