/* The model of a step over many ranks. */
#include "bench/step_model.h"

#include "dist/comm.h"

/* The largest power of two that is no more than n. */
static int power_below(int n)
{
    int power = 1;
    while (power * 2 <= n) power *= 2;
    return power;
}

static int log_of(int power)
{
    int log = 0;
    for (; power > 1; power /= 2) log++;
    return log;
}

int step_hops(int ranks)
{
    int power = power_below(ranks);
    return 2 * log_of(power) + (power == ranks ? 0 : 3);
}

static int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* What the sums of a step go through: hops between nodes, and as shares of the gradient what a node's link carries in
 * each direction and what a rank adds. */
typedef struct Route {
    int hops;
    double carried, added;
} Route;

/* Among P = 2^k ranks each keeps 1/P of the sum, having added the rest of it, and gets as much back. The others
 * share the work of a partner before, a half each, and get the whole sum from it at the end. */
static Route route_of(const StepModel *model, int ranks, int nodes)
{
    int members = model->node_reduce ? nodes : ranks;
    int node_power = power_below(nodes), power = power_below(members);
    Route route = {step_hops(nodes), 2 - 2.0 / node_power, 1 - 1.0 / power};
    if (node_power < nodes) route.carried += 1.5;
    if (power < members) route.added += 0.5;
    return route;
}

/* Seconds that the link is busy with `bytes`, and that they take to be summed everywhere. */
static double link_seconds(const Network *network, Route route, double bytes)
{
    return route.carried * bytes / network->bandwidth;
}

static double path_seconds(const Network *network, Route route, double bytes, double poll)
{
    return route.hops * (network->latency + poll) + link_seconds(network, route, bytes) +
           route.added * bytes / network->add_rate;
}

/* Seconds of worker 0 that adding takes. */
static double adding_seconds(const StepModel *model, Route route)
{
    double bytes = 0;
    for (int b = 0; b < model->buckets; b++) bytes += (double)model->bucket[b].bytes;
    return route.added * bytes / model->network.add_rate;
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
