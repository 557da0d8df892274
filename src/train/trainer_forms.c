/* The network's forms in the course of a run: progressive resizing, gradual unfreezing. */
#include "trainer.h"

#include "base/log.h"

#include <inttypes.h>

static void freeze_like(Trainer *trainer, const Graph *form)
{
    const ParamStore *state = trainer->engine.model.graph->state;
    for (int i = 0; i < form->params->count; i++) {
        const Param *param = form->params->list[i];
        optimizer_freeze(trainer->optimizer, i,
                         param->frozen || trainer_head_is_finished(trainer, param->head));
    }
    for (int i = 0; i < state->count; i++) state->list[i]->frozen = form->state->list[i]->frozen;
}

void trainer_enter_epoch(Trainer *trainer, uint64_t epoch)
{
    const FormPlan *plan = &trainer->forms;
    if (plan->forms == 0) return;
    uint64_t last = (uint64_t)trainer->config->epochs - 1;
    int index = plan->of_epoch[epoch < last ? epoch : last];
    const EngineForm *form = &plan->form[index];
    if (epoch == 0 || plan->of_epoch[epoch - 1] != index)
        log_info("epoch %" PRIu64 ": images of side %d, %d frozen stages", epoch + 1, form->image,
                 form->freeze);
    freeze_like(trainer, form->model.graph);
    engine_enter(&trainer->engine, index);
}

void trainer_leave_epoch(Trainer *trainer)
{
    if (trainer->forms.forms > 0) engine_enter(&trainer->engine, -1);
}
