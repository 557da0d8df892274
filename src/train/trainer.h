/* The trainer's parts; private to train. */
#pragma once

#include "data/sampler.h"
#include "data/stage.h"
#include "dist/reduce.h"
#include "dist/watchdog.h"
#include "io/event_file.h"
#include "optim/ema.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "train/balancer.h"
#include "train/checkpoint.h"
#include "train/engine.h"
#include "train/evaluate.h"
#include "train/front.h"
#include "train/ledger.h"
#include "train/plan.h"
#include "train/run_folder.h"
#include "train/trainer.h"
#include "train/watch.h"

#include "base/progress.h"
#include "interference.h"

/* Exact sums of a step beside the gradient; per head behind them, per pair of taps, then the statistics. */
enum { SIDE_LR, SIDE_BAD, SIDE_STOP, SIDE_FIXED };
enum { SIDE_LOSS, SIDE_ERROR, SIDE_CORRECT, SIDE_SCORED, SIDE_PER_HEAD };

/* Totals since the last log line, over all ranks. */
typedef struct Interval {
    double started; /* clock_seconds */
    uint64_t steps, images, bad;
    double *loss;                      /* (heads): sum of the steps' losses */
    double *error;                     /* (heads): sum of the scored images' distances */
    int64_t *correct, *scored;         /* (heads) */
    double load_seconds, wait_seconds; /* of this rank, at the start of the interval */
    double grad_norm;                  /* of the last step */
} Interval;

/* Heads with `restore` as they were at their best validation, or before the first. */
typedef struct Snapshot {
    ParamStore *store;      /* their parameters, one behind the other; without values */
    const Param **of;       /* (store->count): the same in the network */
    float *value, *average; /* (store->total); average NULL without ema */
    bool *back;             /* (heads): goes back in the validation under way */
    HeadResult *now;        /* (heads): its score before that */
} Snapshot;

/* What a run's callbacks get. */
typedef struct LaneContext {
    Trainer *trainer;
    int worker;
    /* of the lane under way */
    bool overflowed;
    size_t overflow_offset; /* of the first slice of the gradient that did; SIZE_MAX: a loss did */
} LaneContext;

struct Trainer {
    Arena *arena;
    Comm *comm;
    Config *config;
    Staged staged; /* the pack's copy on this node */
    Pack *pack;
    Engine engine;
    Reduce *reduce;
    Optimizer *optimizer;
    Ema *ema; /* NULL: none */
    Evaluator *evaluator;
    LaneContext *lane; /* (workers) */
    RunFolder folder;
    Ledger *ledger;
    Watchdog *watchdog;
    EventFile *board; /* on rank 0, if the configuration asks for it; NULL: none */

    uint64_t step, updates_skipped;
    uint64_t validated; /* step of the last validation */
    uint64_t bad;       /* unreadable images in the epoch so far */
    uint64_t skipped_in_row;
    bool stop;      /* some rank has been asked to stop */
    double started; /* clock_seconds at the start of the process's part of the run, or of its job */
    bool is_part;   /* of a job with several runs */
    double step_seconds,
        save_seconds; /* the longest of late: what a stop in time has to reckon with */
    uint64_t saved;   /* step of the newest checkpoint that was written; UINT64_MAX: none */
    uint64_t steps_per_epoch;
    FormPlan forms;
    const FlipRule *rules[2]; /* by plan_flips */
    Sampler *sampler;
    uint32_t *order;      /* training records in the order of epoch `order_epoch` */
    uint64_t order_epoch; /* UINT64_MAX: none yet */
    double *best;         /* (heads + 1), as in Checkpoint */
    uint64_t *best_step;  /* (heads + 2), as in Checkpoint */
    uint64_t *stale;      /* (heads), as in Checkpoint */
    Watch watch;
    Front front; /* empty without checkpoint.pareto */
    Snapshot snapshot;
    Balancer balancer;
    Interference interference;

    /* of the step under way */
    float *head_scale;             /* (heads): weight / terms of the loss in the global batch */
    double *head_share;            /* (heads): 1 / terms; 0: the batch has no label of the head */
    double *head_loss, *head_norm; /* (heads): for the balancer */
    bool *head_labelled;
    int64_t *pair_total;            /* (pairs of taps) */
    double *tap_share, *tap_factor; /* (taps) */
    const uint32_t *batch;          /* (config->batch) records */
    Mix *mix;                  /* (config->batch) how its images are mixed; NULL: they never are */
    int first_lane, last_lane; /* of this rank; last is exclusive */
    atomic_int next_lane;
    Spans *spans; /* (workers), of whoever watches; NULL: nobody does */

    Interval interval;
    Progress progress;
    bool has_progress;
};

/* trainer_batch.c */
/* Finds the batch of the step that comes, and what it means for the heads' losses. */
void trainer_find_batch(Trainer *trainer);
/* Loads a lane of the batch into a worker; returns the number of bad images. */
int trainer_load_lane(Trainer *trainer, LaneWorker *worker, int lane);
/* How the images of a lane of the batch are mixed: (config->lane); NULL: they are not. */
const Mix *trainer_mix_of(const Trainer *trainer, int lane);

/* trainer_log.c */
void interval_start(Trainer *trainer);
void interval_add_step(Trainer *trainer, double grad_norm);
/* Writes the line and the record of the interval if one is due, and starts the next. */
void interval_log(Trainer *trainer, double lr);
void log_validation(Trainer *trainer, const Score *score);
/* Drops the records of steps that are not done yet and writes the configuration, on rank 0. A run that
 * goes on does so on a full disk, too, with a warning: nothing of what is there is lost. For a new run
 * it is an error. */
void trainer_renew_records(Trainer *trainer, bool resumed, Error *err);

/* The epoch's line and record. */
void log_interference(Trainer *trainer);

/* trainer_board.c: what TensorBoard shows; nothing on other ranks than 0, and if nobody asks for it. */
/* For the steps from here on, with the configuration as text. */
void board_open(Trainer *trainer, const char *config, Error *err);
void board_add_record(Trainer *trainer, const JsonValue *record);
/* Before a run's first step, whose batch is found: its pictures, and the parameters. */
void board_add_beginning(Trainer *trainer);
void board_add_parameters(Trainer *trainer);

/* trainer_balance.c */
void trainer_open_balance(Trainer *trainer);
/* Tells a run what its heads' losses weigh. */
void balance_prepare_lane(const Trainer *trainer, Run *run);
/* Adds what a lane's backward found on the features. */
void balance_add_lane(Trainer *trainer, const Run *run);
/* Takes in a step that was not skipped. */
void balance_observe(Trainer *trainer);
void balance_end_epoch(Trainer *trainer);

/* trainer_best.c */
/* Takes in a validation's score; keeps a checkpoint if a head is better than ever, or no other validation beats it in
 * all heads. Collective. */
void trainer_keep_best(Trainer *trainer, const Score *score);
/* Has the run folder's links name the checkpoint of this step where it is the best, and those of the front. Rank 0. */
bool trainer_link_best(Trainer *trainer, Error *err);

/* trainer_checkpoint.c */
/* A checkpoint on the way: a run goes on if it cannot be written, with a warning. */
void trainer_try_save(Trainer *trainer);
bool trainer_restore(Trainer *trainer, const char *path, Error *err);

/* trainer_stop.c */
/* Asks for a stop if the time that is left is not enough for another step and a checkpoint. Rank 0. */
void watch_time(const Trainer *trainer);
/* Whether numbers or images are so bad that going on makes no sense; says so once. */
bool is_hopeless(const Trainer *trainer);
/* trainer_forms.c */
/* Gives the network the form of an epoch; what is frozen in it does not learn. */
void trainer_enter_epoch(Trainer *trainer, uint64_t epoch);
/* Gives it the form in which it is evaluated. */
void trainer_leave_epoch(Trainer *trainer);

/* trainer_front.c */
/* True if the validation is one that checkpoint.pareto keeps. */
bool trainer_take_in_front(Trainer *trainer, const Score *score);
/* Has the run folder's links name the checkpoints of the front. Rank 0. */
bool trainer_link_front(Trainer *trainer, Error *err);

/* trainer_heads.c */
/* Counts a validation, whose best scores are noted, for each head that has not finished. Heads that finish by it are
 * frozen. */
void trainer_count_stale(Trainer *trainer, const Score *score);
/* Freezes the parameters of heads that have finished. */
void trainer_freeze_heads(Trainer *trainer);
bool trainer_head_is_finished(const Trainer *trainer, int head); /* -1, the trunk, never is */
bool trainer_heads_are_finished(const Trainer *trainer);         /* all of them */
/* Whether it finishes unless the next validation has a better score of it. */
bool trainer_head_is_last_try(const Trainer *trainer, int head);
/* Says so. What it has learnt is frozen by trainer_freeze_heads. */
void trainer_finish_head(Trainer *trainer, int head);

/* trainer_sampling.c */
void trainer_open_sampler(Trainer *trainer);

/* trainer_snapshot.c */
void trainer_open_snapshot(Trainer *trainer);
/* Heads as they are in a new run. */
void trainer_begin_snapshot(Trainer *trainer);
/* A head whose validation is its best. */
void trainer_take_snapshot(Trainer *trainer, int head);
/* To a checkpoint and back; without a head that may go back there is nothing. */
void trainer_describe_snapshot(Trainer *trainer, Checkpoint *checkpoint, Arena *arena);
bool trainer_restore_snapshot(Trainer *trainer, const Checkpoint *saved, Error *err);
/* Takes a validation that heads with `restore` finish by: those that are better off with the weights of their best one get
 * them, and finish. Returns the score of what is left, which has then been validated anew; NULL if that was
 * stopped, and nothing has changed. */
const Score *trainer_go_back(Trainer *trainer, const Score *score);

/* trainer_validate.c */
/* Lets the schedule and early stopping see a validation's score; true if the weighted score is the best so far. */
bool trainer_judge(Trainer *trainer, const Score *score);
/* Scores the network's weights, or their average if there is one, on the validation images; NULL: stopped. */
const Score *trainer_score(Trainer *trainer);
/* Validates after an epoch. A stop may cut it short; then it is made up for when the run goes on. */
void trainer_validate(Trainer *trainer);

/* trainer_weights.c */
/* Takes trunk.weights, if given, into the parameters of a new run. Collective. */
bool trainer_start(Trainer *trainer, Error *err);

/* Index into the side array. */
size_t side_of_head(int head, int what);
