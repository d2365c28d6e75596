// GET /api/v1/schedule and POST /api/v1/schedule/{name}/run: the periodic tasks.
#ifndef HW_API_SCHEDULE_H
#define HW_API_SCHEDULE_H

struct jw;
struct router;
struct schedule;

// The task as JSON; null if there is none of the name.
void schedule_task_json(struct jw *w, const struct schedule *s, const char *name);
void schedule_routes(struct router *r, struct schedule *s); // borrowed for the router's life

#endif
