// POST /workers/{id}/machine: what a worker on another host reads of its machine.
#include "api/resources.h"
#include "api/system.h"
#include "jobs/queue.h"

void worker_machine_report(struct request *req, void *resources)
{
    const struct resources *api = resources;
    const struct system_provider *p = api->system;
    const char *id = request_param(req, "id"), *host = queue_worker_host(api->queue, id);
    struct err e = {0};
    if (!p || !host)
        request_fail(req, HW_ENOTFOUND, NULL, "there is no worker %s", id);
    else if (p->report(p->ctx, id, host, request_body(req), &e) != 0)
        request_reply_error(req, &e);
    else
        request_reply(req, 204, NULL);
}
