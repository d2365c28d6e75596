// What fine_tune checks before it is queued.
#include <stdio.h>
#include <string.h>

#include "api/submit.h"
#include "base/mem.h"

static int check_tunable(struct submission *s, const struct model_row *m, const struct dataset_row *d, struct err *e)
{
    int64_t rank = submit_i64(s, "rank"), held_out = submit_i64(s, "holdout_samples");
    int rc = submit_check_tokens(s, m, d, e);
    if (rc) return rc;
    if (m->width > 0 && rank > m->width)
        return err_field(e, HW_EVALIDATION, "rank", "rank is %lld, more than the width of model %s, %lld",
                         (long long)rank, m->name, (long long)m->width);
    // A row's last token has a next one, too.
    int64_t rows = d->tokens > 0 ? (d->tokens - 1) / submit_i64(s, "context_length") : 0;
    if (d->tokens >= 0 && rows < 2 * held_out)
        return err_field(e, HW_EVALIDATION, "holdout_samples",
                         "holdout_samples is %lld, more than half of the %lld rows of context_length in dataset %s",
                         (long long)held_out, (long long)rows, d->name);
    return 0;
}

int submit_check_fine_tune(struct submission *s, struct store_tx *tx, struct err *e)
{
    struct model_row m;
    struct dataset_row d;
    model_row_init(&m);
    dataset_row_init(&d);
    training_row_init(&s->row.training);
    s->row_used = true;
    int rc = submit_missing(model_row_get(tx, s->ids[0], &m, e), "model_id", s->ids[0], e);
    if (!rc) rc = submit_missing(dataset_row_get(tx, s->ids[1], &d, e), "dataset_id", s->ids[1], e);
    if (!rc) rc = check_tunable(s, &m, &d, e);
    if (!rc) {
        submit_path(s, "model_path", m.path);
        submit_path(s, "tokens_path", d.tokens_path);
        snprintf(s->default_name, sizeof s->default_name, "fine-tune %.*s · %.*s", submit_part(m.name, 40), m.name,
                 submit_part(d.name, 40), d.name);
        s->row.training.layers = mem_strdup("[]"); // none of its blocks
        submit_fill_training(s);
    }
    model_row_release(&m);
    dataset_row_release(&d);
    return rc;
}
