// A job's output folder: written under a temporary name, given its final one when it is whole.
//
// An earlier attempt of the same job may have finished without anybody hearing of it. Its output (told by its index
// file) is replaced; a folder that holds anything else is somebody's, and refused.
#ifndef HW_TASK_OUTPUT_FOLDER_H
#define HW_TASK_OUTPUT_FOLDER_H

#include "base/err.h"

// Refuses a final folder that is neither absent, nor empty, nor an earlier output with `index_file` in it
// (HW_ECONFLICT, field "output_dir"); removes what an attempt that was cut off left under `tmp`, and makes it.
int output_folder_begin(const char *tmp, const char *final_path, const char *index_file, struct err *e);
// Flushes `tmp` and gives it the final name, in place of an earlier output.
int output_folder_commit(const char *tmp, const char *final_path, struct err *e);

// Removes from `folder` what an attempt that was killed left half written: what is called *.tmp or *.tmp.*. For kinds
// that keep their folder from the start, because finished checkpoints must survive.
int output_folder_clean(const char *folder, struct err *e);

#endif
