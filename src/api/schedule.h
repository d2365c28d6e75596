// GET /api/v1/schedule and POST /api/v1/schedule/{name}/run: the periodic tasks.
#ifndef HW_API_SCHEDULE_H
#define HW_API_SCHEDULE_H

struct router;
struct schedule;

void schedule_routes(struct router *r, struct schedule *s); // borrowed for the router's life

#endif
