/* The model of a step over many ranks. */
#include "bench/step_model.h"

#include "dist/comm.h"

int step_hops(int ranks)
{
    int hops = 0, power = 1;
    for (; power * 2 <= ranks; power *= 2) hops++;
    return power == ranks ? hops : hops + 2;
}

static int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* What the sums of a step go through. */
typedef struct Route {
    int outer, inner; /* hops between nodes, and within one */
    int senders;      /* ranks that share a node's link */
} Route;

static Route route_of(const StepModel *model, int ranks, int nodes)
{
    int local = ranks < model->ranks_per_node ? ranks : model->ranks_per_node;
    if (model->node_reduce) return (Route){step_hops(nodes), 0, 1};
    return (Route){step_hops(nodes), step_hops(local), local};
}

/* Seconds that the link is busy with `bytes`, and that they take to be summed everywhere. */
static double link_seconds(const Network *network, Route route, double bytes)
{
    return route.outer * route.senders * bytes / network->bandwidth;
}

static double path_seconds(const Network *network, Route route, double bytes, double poll)
{
    return route.outer * (network->latency + poll) + link_seconds(network, route, bytes) +
           (route.outer + route.inner) * bytes / network->add_rate;
}

/* Seconds of worker 0 that adding takes. */
static double adding_seconds(const StepModel *model, Route route)
{
    double bytes = 0;
    for (int b = 0; b < model->buckets; b++) bytes += (double)model->bucket[b].bytes;
    return (route.outer + route.inner) * bytes / model->network.add_rate;
}

static double later(double a, double b)
{
    return a > b ? a : b;
}

/* When the last bucket is summed; `begin`: of the last round, `end`: of all lanes. */
static double sums_end(const StepModel *model, Route route, double begin, double end)
{
    double under_way[COMM_REQUESTS] = {0}, link_free = 0, last = 0;
    for (int b = 0; b < model->buckets; b++) {
        double bytes = (double)model->bucket[b].bytes;
        double start = later(begin + model->bucket[b].ready, under_way[b % COMM_REQUESTS]);
        start = later(start, link_free);
        link_free = start + link_seconds(&model->network, route, bytes);
        double poll = start < end ? model->network.poll : 0;
        last = later(last, start + path_seconds(&model->network, route, bytes, poll));
        under_way[b % COMM_REQUESTS] = last;
    }
    return last;
}

StepForecast step_forecast(const StepModel *model, int ranks)
{
    StepForecast forecast = {.ranks = ranks, .nodes = divide_up(ranks, model->ranks_per_node)};
    Route route = route_of(model, ranks, forecast.nodes);
    forecast.rounds = divide_up(divide_up(model->lanes, ranks), model->workers);
    forecast.compute = forecast.rounds * model->lane_seconds;
    if (ranks > 1) {
        /* Lanes go to whoever is free; with one round there is nobody to take over. */
        double adding = adding_seconds(model, route) / (forecast.rounds > 1 ? model->workers : 1);
        double begin = forecast.compute - model->lane_seconds + adding;
        double end = forecast.compute + adding;
        double side = path_seconds(&model->network, route, (double)model->side_bytes, 0);
        forecast.exposed = later(sums_end(model, route, begin, end), end) + side - forecast.compute;
    }
    forecast.step = forecast.compute + forecast.exposed + model->update_seconds;
    forecast.efficiency =
        model->lanes * model->lane_seconds / ((double)ranks * model->workers * forecast.step);
    return forecast;
}

int step_lanes_for(const StepModel *model, int ranks, double efficiency, int most)
{
    StepModel trial = *model;
    int seats = ranks * model->workers;
    for (trial.lanes = seats; trial.lanes <= most; trial.lanes += seats)
        if (step_forecast(&trial, ranks).efficiency >= efficiency) return trial.lanes;
    return 0;
}
